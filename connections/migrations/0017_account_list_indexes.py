"""Indexes for the list of accounts: by auth config, and by reason in a project."""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    # An index that is built beside running writes is in no transaction.
    atomic = False

    dependencies = [("connections", "0016_account_page")]

    operations = [
        # Django's second index of the key, for LIKE. The key's own serves that as well, because it
        # has the collation C; this one was written by each refresh for nothing.
        migrations.RunSQL(
            "DROP INDEX CONCURRENTLY IF EXISTS connections_connectedaccount_id_b936541c_like",
            migrations.RunSQL.noop,
        ),
        AddIndexConcurrently(
            model_name="connectedaccount",
            index=models.Index(fields=["auth_config", "id"], name="account_by_config"),
        ),
        AddIndexConcurrently(
            model_name="connectedaccount",
            index=models.Index(
                condition=models.Q(("status_reason", "connected"), _negated=True),
                fields=["status_reason", "id"],
                include=("project", "status"),
                name="account_of_reason",
            ),
        ),
        RemoveIndexConcurrently(model_name="connectedaccount", name="account_by_reason"),
    ]
