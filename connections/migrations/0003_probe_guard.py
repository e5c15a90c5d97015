"""What tells a provider that refuses everybody from grants that died; when an account was asked."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("connections", "0002_refresh_engine")]

    operations = [
        migrations.AddField(
            model_name="breaker",
            name="answers",
            field=models.JSONField(blank=True, default=list),
        ),
        migrations.AddField(
            model_name="breaker",
            name="doubted_since",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="connectedaccount",
            name="probed_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
    ]
