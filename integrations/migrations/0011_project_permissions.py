"""Permissions for what only superusers could do: see every project, say who sees one."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """Declare them; Django writes the rows after migrating."""

    dependencies = [
        ("integrations", "0010_audit_entries_stay"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="project",
            options={
                "ordering": ["name"],
                "permissions": [
                    ("every_project", "Can see every project, a member or not"),
                    ("assign_members", "Can say who sees a project"),
                ],
            },
        ),
        migrations.AlterField(
            model_name="project",
            name="members",
            field=models.ManyToManyField(
                blank=True,
                help_text="Staff who see this project in the admin. Superusers and the group All projects see every one.",
                related_name="projects",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
    ]
