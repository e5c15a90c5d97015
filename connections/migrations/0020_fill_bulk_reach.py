"""Jobs of staff and of keys that are there reach no further than their projects."""

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def fill(apps: Apps, _editor: BaseDatabaseSchemaEditor) -> None:
    """Take what stands there of each: nothing where its asker saw every project."""
    jobs = apps.get_model("connections", "BulkJob").objects.exclude(projects=[])
    jobs.exclude(runs_for="host").update(reach=models.F("projects"))


class Migration(migrations.Migration):
    """The jobs are few."""

    dependencies = [
        ("connections", "0019_bulk_reach"),
    ]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
