"""Keeps of a revocation which incident its tokens came too late for."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("connections", "0021_bulk_item_of_account")]

    operations = [
        migrations.AddField(
            model_name="revocation",
            name="incident",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="connections.bulkjob",
            ),
        ),
    ]
