"""Finds an incident's late revocations, for its page."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    # An index that is built beside running writes is in no transaction.
    atomic = False

    dependencies = [("connections", "0022_revocation_incident")]

    operations = [
        AddIndexConcurrently(
            model_name="revocation",
            index=models.Index(
                condition=models.Q(("incident__isnull", False)),
                fields=["incident"],
                name="revocation_of_incident",
            ),
        ),
    ]
