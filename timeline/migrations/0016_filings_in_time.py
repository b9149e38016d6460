from django.db import migrations, models

PLACE = """
UPDATE timeline_filing SET
    date = (SELECT e.date FROM timeline_entry e WHERE e.id = timeline_filing.entry_id),
    rank = (SELECT e.rank FROM timeline_entry e WHERE e.id = timeline_filing.entry_id);
"""


class Migration(migrations.Migration):
    """What is under a facet lies in the order of time, and knows its place without its entry."""

    dependencies = [
        ('timeline', '0015_indexes'),
    ]

    operations = [
        migrations.RemoveIndex(model_name='filing', name='filing_under_facet'),
        migrations.AddField(model_name='filing', name='date', field=models.DateField(null=True)),
        migrations.AddField(model_name='filing', name='rank', field=models.BigIntegerField(db_default=0)),
        migrations.RunSQL(PLACE, migrations.RunSQL.noop),
        migrations.AddIndex(
            model_name='filing',
            index=models.Index(fields=['facet', '-date', 'rank', 'entry', 'name'], name='filing_in_time'),
        ),
    ]
