"""Signing secrets of several rotations, each with its own end."""

from django.db import migrations

import integrations.secrets.field


class Migration(migrations.Migration):
    dependencies = [
        ("webhooks", "0005_endpoint_last_failure"),
    ]

    operations = [
        migrations.AddField(
            model_name="endpoint",
            name="older_secrets",
            field=integrations.secrets.field.SealedField(null=True),
        ),
    ]
