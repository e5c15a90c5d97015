"""Keeps what proofs brought and how often accounts are used; portal links can be withdrawn."""

import django.db.models.deletion
from django.db import migrations, models

import integrations.ids


class Migration(migrations.Migration):
    dependencies = [
        ("connections", "0015_bulk_mail"),
        ("integrations", "0013_project_pages"),
    ]

    operations = [
        migrations.CreateModel(
            name="AccountUse",
            fields=[
                (
                    "account",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="use",
                        serialize=False,
                        to="connections.connectedaccount",
                    ),
                ),
                ("first_at", models.DateTimeField()),
                ("last_at", models.DateTimeField()),
                ("count", models.PositiveBigIntegerField()),
                ("day", models.DateField()),
                ("day_count", models.PositiveBigIntegerField()),
            ],
            options={
                "verbose_name": "use of an account",
                "verbose_name_plural": "uses of accounts",
            },
        ),
        migrations.CreateModel(
            name="Proof",
            fields=[
                ("id", integrations.ids.IdField("pf", serialize=False)),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("alive", "The provider accepts the token"),
                            ("refused", "The provider refused the token"),
                            ("unknown", "No answer that tells"),
                        ],
                        max_length=12,
                    ),
                ),
                ("asked_by", models.CharField(max_length=300)),
                ("generation", models.PositiveBigIntegerField()),
                ("http_status", models.PositiveSmallIntegerField(null=True)),
                ("error_code", models.CharField(blank=True, max_length=100)),
                ("count", models.PositiveIntegerField(default=1)),
                ("first_at", models.DateTimeField()),
                ("last_at", models.DateTimeField()),
            ],
            options={
                "ordering": ["-id"],
            },
        ),
        migrations.AlterModelOptions(
            name="connectedaccount",
            options={
                "ordering": ["-id"],
                "permissions": [
                    ("refresh_connectedaccount", "Can refresh connected accounts"),
                    ("probe_connectedaccount", "Can have connected accounts proven"),
                    ("disable_connectedaccount", "Can disable and enable connected accounts"),
                    ("revoke_connectedaccount", "Can revoke connected accounts"),
                    ("link_connectedaccount", "Can send reconnect links"),
                ],
            },
        ),
        migrations.AddField(
            model_name="portallink",
            name="withdrawn_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="accountuse",
            name="project",
            field=models.ForeignKey(
                db_index=False,
                editable=False,
                on_delete=django.db.models.deletion.PROTECT,
                to="integrations.project",
            ),
        ),
        migrations.AddField(
            model_name="proof",
            name="account",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="proofs",
                to="connections.connectedaccount",
            ),
        ),
        migrations.AddField(
            model_name="proof",
            name="project",
            field=models.ForeignKey(
                db_index=False,
                editable=False,
                on_delete=django.db.models.deletion.PROTECT,
                to="integrations.project",
            ),
        ),
        migrations.AddIndex(
            model_name="proof",
            index=models.Index(fields=["account", "-id"], name="proof_of_account"),
        ),
    ]
