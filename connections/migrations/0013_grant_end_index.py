"""Lists of grants that are about to end."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """Create the index while accounts are written."""

    atomic = False

    dependencies = [("connections", "0012_fill_tallies")]

    operations = [
        AddIndexConcurrently(
            model_name="connectedaccount",
            index=models.Index(
                condition=models.Q(("grant_ends_at__isnull", False), ("status", "ACTIVE")),
                fields=["grant_ends_at"],
                include=("project",),
                name="account_to_end",
            ),
        ),
    ]
