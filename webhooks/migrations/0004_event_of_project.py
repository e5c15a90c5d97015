"""A project's newest events are found without looking at those of others."""

import django.db.models.deletion
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """Create the index while events are written; the one it makes needless goes."""

    atomic = False

    dependencies = [
        ("integrations", "0008_managed_app"),
        ("webhooks", "0003_operate_endpoint"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="event",
            index=models.Index(fields=["project", "sequence"], name="event_of_project"),
        ),
        migrations.AlterField(
            model_name="event",
            name="project",
            field=models.ForeignKey(
                db_index=False,
                editable=False,
                on_delete=django.db.models.deletion.PROTECT,
                to="integrations.project",
            ),
        ),
    ]
