import uuid

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('timeline', '0009_draft_over_live'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='draft',
            name='draft_unique',
        ),
        migrations.AddField(
            model_name='draft',
            name='sheet',
            field=models.UUIDField(default=uuid.uuid4),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='draft',
            name='turn',
            field=models.BigIntegerField(default=0),
        ),
        migrations.AddConstraint(
            model_name='draft',
            constraint=models.UniqueConstraint(fields=('model', 'object_uuid', 'editor', 'sheet'), name='draft_of_sheet'),
        ),
    ]
