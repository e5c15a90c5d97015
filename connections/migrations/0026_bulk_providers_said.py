"""A bulk job keeps what the providers said once its items are forgotten."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Null is a job whose items tell."""

    dependencies = [("connections", "0025_bulk_pace")]

    operations = [
        migrations.AddField(
            model_name="bulkjob",
            name="providers_said",
            field=models.JSONField(editable=False, null=True),
        ),
    ]
