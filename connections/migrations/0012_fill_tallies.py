"""Counts the accounts that were there before the triggers, while everything goes on."""

from django.db import migrations


class Migration(migrations.Migration):
    """Fill the tallies of accounts."""

    dependencies = [("connections", "0011_tallies")]

    operations = [
        migrations.RunSQL(
            "SELECT connections_recount_accounts()", reverse_sql=migrations.RunSQL.noop
        )
    ]
