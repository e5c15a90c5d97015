"""The groups that are roles. What each may do is written after every migrate: config.roles."""

from __future__ import annotations

from typing import Any

from django.db import migrations

# As they are called in this step; config.roles.ROLES has them as they are today.
NAMES = ("Viewer", "Operator", "Administrator", "All projects")


def make_groups(apps: Any, schema_editor: Any) -> None:
    """Make those that are missing; a group of that name that is there becomes the role."""
    for name in NAMES:
        apps.get_model("auth", "Group").objects.get_or_create(name=name)


class Migration(migrations.Migration):
    """Make the groups."""

    dependencies = [
        ("integrations", "0011_project_permissions"),
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [migrations.RunPython(make_groups, migrations.RunPython.noop)]
