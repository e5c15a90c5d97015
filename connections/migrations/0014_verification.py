import django.db.models.deletion
from django.db import migrations, models

import integrations.ids
import integrations.secrets.field


class Migration(migrations.Migration):
    dependencies = [
        ("connections", "0013_grant_end_index"),
        ("integrations", "0013_project_pages"),
    ]

    operations = [
        migrations.AddField(
            model_name="connectattempt",
            name="error_code",
            field=models.CharField(blank=True, db_default="", max_length=100),
        ),
        migrations.AddField(
            model_name="connectattempt",
            name="actual_identity",
            field=models.CharField(blank=True, db_default="", editable=False, max_length=255),
        ),
        migrations.AddField(
            model_name="connectlink",
            name="refused_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="connectedaccount",
            name="user_verified_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AlterField(
            model_name="connectedaccount",
            name="status_reason",
            field=models.CharField(
                choices=[
                    ("link_created", "A connect link was created"),
                    ("connected", "The person connected and the provider confirmed it"),
                    ("imported", "An existing grant was imported"),
                    ("reconnected", "The person reconnected the same account"),
                    ("consent_denied", "The person declined at the provider"),
                    ("exchange_failed", "The provider did not hand over credentials"),
                    ("probe_rejected", "The provider does not accept the credentials"),
                    ("identity_mismatch", "Another account than expected was connected"),
                    ("already_connected", "The user has connected that same account already"),
                    ("verification_failed", "The app did not confirm the person"),
                    ("link_expired", "The link ran out before the person connected"),
                    ("grant_revoked", "The person or the provider withdrew the grant"),
                    ("refresh_token_expired", "The refresh token reached its end"),
                    ("rotation_lost", "A refreshed token was lost on the way from the provider"),
                    ("token_expired", "The token ended and there is no refresh token"),
                    ("recovered", "A token thought lost was found and works"),
                    ("disabled_by_operator", "An operator disabled it"),
                    ("disabled_by_api", "The app disabled it"),
                    ("enabled", "It was enabled again"),
                    ("revoked_by_operator", "An operator revoked it"),
                    ("revoked_by_api", "The app revoked it"),
                    ("revoked_by_person", "The person disconnected it"),
                    ("deleted_by_operator", "An operator deleted it"),
                    ("deleted_by_api", "The app deleted it"),
                ],
                default="link_created",
                editable=False,
                max_length=40,
            ),
        ),
        migrations.AlterField(
            model_name="transition",
            name="reason",
            field=models.CharField(
                choices=[
                    ("link_created", "A connect link was created"),
                    ("connected", "The person connected and the provider confirmed it"),
                    ("imported", "An existing grant was imported"),
                    ("reconnected", "The person reconnected the same account"),
                    ("consent_denied", "The person declined at the provider"),
                    ("exchange_failed", "The provider did not hand over credentials"),
                    ("probe_rejected", "The provider does not accept the credentials"),
                    ("identity_mismatch", "Another account than expected was connected"),
                    ("already_connected", "The user has connected that same account already"),
                    ("verification_failed", "The app did not confirm the person"),
                    ("link_expired", "The link ran out before the person connected"),
                    ("grant_revoked", "The person or the provider withdrew the grant"),
                    ("refresh_token_expired", "The refresh token reached its end"),
                    ("rotation_lost", "A refreshed token was lost on the way from the provider"),
                    ("token_expired", "The token ended and there is no refresh token"),
                    ("recovered", "A token thought lost was found and works"),
                    ("disabled_by_operator", "An operator disabled it"),
                    ("disabled_by_api", "The app disabled it"),
                    ("enabled", "It was enabled again"),
                    ("revoked_by_operator", "An operator revoked it"),
                    ("revoked_by_api", "The app revoked it"),
                    ("revoked_by_person", "The person disconnected it"),
                    ("deleted_by_operator", "An operator deleted it"),
                    ("deleted_by_api", "The app deleted it"),
                ],
                max_length=40,
            ),
        ),
        migrations.CreateModel(
            name="Verification",
            fields=[
                ("id", integrations.ids.IdField("vf", serialize=False)),
                ("token_digest", models.CharField(editable=False, max_length=64, unique=True)),
                ("held", integrations.secrets.field.SealedField(null=True)),
                ("held_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("stated_user_id", models.CharField(blank=True, max_length=255)),
                ("answered_by", models.CharField(blank=True, max_length=300)),
                ("verified_at", models.DateTimeField(editable=False, null=True)),
                ("refused_at", models.DateTimeField(editable=False, null=True)),
                ("ended_at", models.DateTimeField(editable=False, null=True)),
                (
                    "account",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="verifications",
                        to="connections.connectedaccount",
                    ),
                ),
                (
                    "attempt",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="verification",
                        to="connections.connectattempt",
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
                    models.Index(fields=["account", "-id"], name="verification_of_account"),
                    models.Index(
                        condition=models.Q(("ended_at__isnull", True)),
                        fields=["expires_at"],
                        name="verification_open",
                    ),
                ],
            },
        ),
    ]
