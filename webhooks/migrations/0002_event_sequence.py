"""The sequence that orders events: see `webhooks.recording`."""

from django.db import migrations


class Migration(migrations.Migration):
    """Create the sequence."""

    dependencies = [("webhooks", "0001_initial")]

    operations = [
        migrations.RunSQL(
            "CREATE SEQUENCE webhooks_event_sequence",
            reverse_sql="DROP SEQUENCE webhooks_event_sequence",
        )
    ]
