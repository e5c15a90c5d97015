"""Of all processes one gets another client for an auth config."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Add the column."""

    dependencies = [("integrations", "0016_former_parameters")]

    operations = [
        migrations.AddField(
            model_name="authconfig",
            name="registering_until",
            field=models.DateTimeField(editable=False, null=True),
        ),
    ]
