"""Keeps when a revocation's tokens were refreshed, so that they can be revoked."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("connections", "0023_revocation_of_incident")]

    operations = [
        migrations.AddField(
            model_name="revocation",
            name="renewed_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
    ]
