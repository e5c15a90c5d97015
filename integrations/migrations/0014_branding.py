"""A project's logo, and keys that may change the project's settings."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

import integrations.models.api_key


class Migration(migrations.Migration):
    """Add the table and the column; the scope is a choice and changes nothing in the database."""

    dependencies = [("integrations", "0013_project_pages")]

    operations = [
        migrations.AddField(
            model_name="project",
            name="logo_digest",
            field=models.CharField(blank=True, default="", editable=False, max_length=64),
            preserve_default=False,
        ),
        migrations.CreateModel(
            name="ProjectLogo",
            fields=[
                (
                    "project",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="integrations.project",
                    ),
                ),
                ("digest", models.CharField(db_index=True, max_length=64)),
                ("png", models.BinaryField()),
                ("updated_at", models.DateTimeField(auto_now=True)),
            ],
            options={"default_permissions": ()},
        ),
        migrations.AlterField(
            model_name="apikey",
            name="scopes",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(
                    choices=[
                        ("read", "Read everything but credentials"),
                        ("write", "Create and change"),
                        ("credentials", "Read credentials"),
                        ("settings", "Change the project's settings"),
                    ],
                    max_length=20,
                ),
                default=integrations.models.api_key.default_scopes,
                size=None,
            ),
        ),
    ]
