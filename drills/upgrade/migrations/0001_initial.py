from django.db import migrations, models


class Migration(migrations.Migration):
    """What a release may bring while the one before it still runs: a table, and a column that it need not know."""

    dependencies = [("timeline", "0011_edition")]
    operations = [
        migrations.CreateModel("Novelty", [("id", models.BigAutoField(primary_key=True)), ("name", models.TextField())]),
        migrations.RunSQL("ALTER TABLE timeline_issue ADD COLUMN novelty text NOT NULL DEFAULT ''"),
    ]
