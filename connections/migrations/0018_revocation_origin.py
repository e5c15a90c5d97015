"""Keeps of a revocation where its tokens were issued, and to which client."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("connections", "0017_account_list_indexes")]

    operations = [
        migrations.AddField(
            model_name="revocation",
            name="oauth_client_id",
            field=models.CharField(blank=True, db_default="", editable=False, max_length=500),
        ),
        migrations.AddField(
            model_name="revocation",
            name="parameters",
            field=models.JSONField(editable=False, null=True),
        ),
    ]
