"""When an endpoint last failed, so that a quiet time is not taken for a failing one."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("webhooks", "0004_event_of_project"),
    ]

    operations = [
        migrations.AddField(
            model_name="endpoint",
            name="last_failed_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
    ]
