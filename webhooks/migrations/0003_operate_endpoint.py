"""Testing and switching an endpoint are less than changing where it leads."""

from django.db import migrations


class Migration(migrations.Migration):
    """Declare the permission; Django writes its row after migrating."""

    dependencies = [
        ("webhooks", "0002_event_sequence"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="endpoint",
            options={
                "ordering": ["-id"],
                "permissions": [("operate_endpoint", "Can test, enable and disable an endpoint")],
                "verbose_name": "webhook endpoint",
            },
        ),
    ]
