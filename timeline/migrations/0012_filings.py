import django.db.models.deletion
from django.db import migrations, models

FILE = """
INSERT INTO timeline_facet (name, value, label)
SELECT DISTINCT name, value, label FROM timeline_oldfacet ORDER BY name, value, label;
INSERT INTO timeline_filing (entry_id, facet_id, name)
SELECT DISTINCT o.entry_id, f.id, f.name
FROM timeline_oldfacet o JOIN timeline_facet f ON f.name = o.name AND f.value = o.value AND f.label = o.label;
"""
UNFILE = """
INSERT INTO timeline_oldfacet (entry_id, name, value, label)
SELECT l.entry_id, f.name, f.value, f.label FROM timeline_filing l JOIN timeline_facet f ON f.id = l.facet_id;
"""


class Migration(migrations.Migration):
    """Each facet once, and a row of small numbers for each entry that has it. What the catalogue knows is moved."""

    dependencies = [
        ('timeline', '0011_edition'),
    ]

    operations = [
        migrations.RemoveIndex(model_name='facet', name='facet_of_entries'),
        migrations.AlterField(
            model_name='facet',
            name='entry',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='timeline.entry'),
        ),
        migrations.RenameModel(old_name='Facet', new_name='OldFacet'),
        migrations.CreateModel(
            name='Facet',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=20)),
                ('value', models.CharField(max_length=120)),
                ('label', models.CharField(max_length=300)),
            ],
            options={
                'default_permissions': (),
                'constraints': [models.UniqueConstraint(fields=('name', 'value', 'label'), name='facet_unique')],
            },
        ),
        migrations.CreateModel(
            name='Filing',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=20)),
                ('entry', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='filings', to='timeline.entry')),
                ('facet', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='filings', to='timeline.facet')),
            ],
            options={
                'default_permissions': (),
                'indexes': [models.Index(fields=['facet', 'entry'], name='filing_of_facet')],
                'constraints': [models.UniqueConstraint(fields=('entry', 'name', 'facet'), name='filing_unique')],
            },
        ),
        migrations.RunSQL(FILE, UNFILE),
        migrations.DeleteModel(name='OldFacet'),
    ]
