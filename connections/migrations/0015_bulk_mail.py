"""Bulk jobs may mail people, too."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Another kind of job."""

    dependencies = [
        ("connections", "0014_verification"),
    ]

    operations = [
        migrations.AlterField(
            model_name="bulkjob",
            name="kind",
            field=models.CharField(
                choices=[
                    ("refresh", "Refresh"),
                    ("revoke", "Revoke"),
                    ("link", "Make reconnect links"),
                    ("mail", "Mail reconnect links"),
                ],
                editable=False,
                max_length=12,
            ),
        ),
    ]
