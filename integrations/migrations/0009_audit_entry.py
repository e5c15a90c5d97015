"""The audit trail's table."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

import integrations.ids


class Migration(migrations.Migration):
    """Create it."""

    dependencies = [("integrations", "0008_managed_app")]

    operations = [
        migrations.CreateModel(
            name="AuditEntry",
            fields=[
                ("id", integrations.ids.IdField("au", serialize=False)),
                ("occurred_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("actor_id", models.CharField(blank=True, max_length=40)),
                ("actor_name", models.CharField(blank=True, max_length=150)),
                ("action", models.CharField(max_length=60)),
                ("action_title", models.CharField(max_length=100)),
                ("subject_type", models.CharField(blank=True, max_length=100)),
                ("subject_id", models.CharField(blank=True, max_length=600)),
                ("subject_label", models.CharField(blank=True, max_length=300)),
                ("address", models.GenericIPAddressField(null=True, unpack_ipv4=True)),
                ("request_id", models.CharField(blank=True, max_length=64)),
                ("note", models.CharField(blank=True, max_length=200)),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("begun", "Begun"),
                            ("done", "Done"),
                            ("failed", "Without success"),
                            ("refused", "Refused"),
                        ],
                        max_length=10,
                    ),
                ),
                ("error_code", models.CharField(blank=True, max_length=64)),
                (
                    "changed",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=100), default=list, size=None
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="integrations.project",
                    ),
                ),
            ],
            options={
                "verbose_name": "audit entry",
                "verbose_name_plural": "audit entries",
                "ordering": ["-id"],
                "default_permissions": ["view"],
                "indexes": [
                    models.Index(fields=["project", "-id"], name="audit_by_project"),
                    models.Index(fields=["subject_id", "-id"], name="audit_by_subject"),
                    models.Index(fields=["actor_id", "-id"], name="audit_by_actor"),
                ],
            },
        ),
    ]
