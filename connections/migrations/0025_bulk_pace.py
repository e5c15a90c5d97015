"""A bulk job keeps since when it goes on without a pause: its pace is reckoned from there."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Null is a job that began before: how long it will take is not told."""

    dependencies = [("connections", "0024_revocation_renewed")]

    operations = [
        migrations.AddField(
            model_name="bulkjob",
            name="pace_since",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="bulkjob",
            name="pace_from",
            field=models.PositiveIntegerField(db_default=0, default=0, editable=False),
        ),
    ]
