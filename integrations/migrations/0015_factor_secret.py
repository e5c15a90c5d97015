"""The sealed keys of staff's authenticator apps and recovery codes."""

from django.db import migrations

import integrations.ids
import integrations.secrets.field


class Migration(migrations.Migration):
    """Add the table."""

    dependencies = [("integrations", "0014_branding")]

    operations = [
        migrations.CreateModel(
            name="FactorSecret",
            fields=[
                ("id", integrations.ids.IdField("fs", serialize=False)),
                ("secret", integrations.secrets.field.SealedField()),
            ],
            options={
                "verbose_name": "secret of a second factor",
                "verbose_name_plural": "secrets of second factors",
            },
        ),
    ]
