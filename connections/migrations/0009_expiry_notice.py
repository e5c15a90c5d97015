"""Mails to people whose grants died or are about to, and where and how to write to them."""

import django.db.models.deletion
from django.db import migrations, models

import integrations.ids


class Migration(migrations.Migration):
    """Add the entity's address and the table of notices."""

    dependencies = [
        ("connections", "0008_portal_link"),
        ("integrations", "0013_project_pages"),
    ]

    operations = [
        migrations.AddField(
            model_name="entity",
            name="email",
            field=models.CharField(
                blank=True, help_text="Where the person is told that a grant died.", max_length=254
            ),
        ),
        migrations.AddField(
            model_name="entity",
            name="language",
            field=models.CharField(
                blank=True,
                help_text="Of mails to the person: a tag such as de or ar.",
                max_length=16,
            ),
        ),
        migrations.AddField(
            model_name="entity",
            name="notices_refused_at",
            field=models.DateTimeField(
                editable=False, help_text="Since when the person wants no mail.", null=True
            ),
        ),
        migrations.CreateModel(
            name="ExpiryNotice",
            fields=[
                ("id", integrations.ids.IdField("nt", serialize=False)),
                (
                    "cause",
                    models.CharField(
                        choices=[
                            ("ended", "The grant died"),
                            ("ending", "The grant is about to end"),
                            ("asked", "Somebody asked for the mail"),
                        ],
                        editable=False,
                        max_length=8,
                    ),
                ),
                ("reason", models.CharField(blank=True, editable=False, max_length=40)),
                ("ends_at", models.DateTimeField(editable=False, null=True)),
                ("grant", models.CharField(blank=True, editable=False, max_length=40)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting to be sent"),
                            ("sending", "Being sent"),
                            ("sent", "Sent"),
                            ("dropped", "Not needed any more"),
                            ("failed", "Not sent"),
                            ("unknown", "Perhaps sent"),
                        ],
                        default="waiting",
                        editable=False,
                        max_length=8,
                    ),
                ),
                ("explanation", models.CharField(blank=True, editable=False, max_length=300)),
                ("attempt_count", models.PositiveIntegerField(default=0, editable=False)),
                ("next_attempt_at", models.DateTimeField(editable=False, null=True)),
                (
                    "token_digest",
                    models.CharField(editable=False, max_length=64, null=True, unique=True),
                ),
                ("created_by", models.CharField(editable=False, max_length=300)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("sent_at", models.DateTimeField(editable=False, null=True)),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="notices",
                        to="connections.connectedaccount",
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="integrations.project",
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("next_attempt_at__isnull", False)),
                        fields=["next_attempt_at"],
                        name="notice_due",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(
                            ("cause__in", ["ended", "ending"]),
                            models.Q(("state", "dropped"), _negated=True),
                        ),
                        fields=("account", "cause", "grant"),
                        name="notice_once",
                    )
                ],
            },
        ),
    ]
