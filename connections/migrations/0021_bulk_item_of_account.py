"""Finds the bulk jobs of an account, for its timeline."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    # An index that is built beside running writes is in no transaction.
    atomic = False

    dependencies = [("connections", "0020_fill_bulk_reach")]

    operations = [
        AddIndexConcurrently(
            model_name="bulkitem",
            index=models.Index(fields=["account", "-id"], name="bulk_item_of_account"),
        ),
    ]
