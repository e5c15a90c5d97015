"""Keeps with an account the redirect URI of its consent, for services that want it at a refresh."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("connections", "0026_bulk_providers_said")]

    operations = [
        migrations.AddField(
            model_name="connectedaccount",
            name="redirect_uri",
            field=models.CharField(blank=True, db_default="", editable=False, max_length=2000),
        ),
    ]
