"""A bulk job keeps whose accounts it may touch at the most."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    """Null is what there was: no more than who it runs for may."""

    dependencies = [
        ("connections", "0018_revocation_origin"),
    ]

    operations = [
        migrations.AddField(
            model_name="bulkjob",
            name="reach",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=32), editable=False, null=True, size=None
            ),
        ),
    ]
