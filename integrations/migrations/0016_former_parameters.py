"""Keeps with a client of before the parameters that it was used with: its host, above all."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("integrations", "0015_factor_secret")]

    operations = [
        migrations.AddField(
            model_name=name,
            name="former_parameters",
            field=models.JSONField(
                blank=True,
                db_default=models.Value({}, models.JSONField()),
                default=dict,
                editable=False,
            ),
        )
        for name in ("authconfig", "managedapp")
    ]
