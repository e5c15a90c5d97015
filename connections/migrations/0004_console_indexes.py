"""Indexes for the lists, counts and searches of the console, and fewer that each refresh writes."""

import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.functions.text
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("connections", "0003_probe_guard"),
        ("integrations", "0002_refresh_engine"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="connectedaccount",
            name="account_by_status",
        ),
        migrations.AlterField(
            model_name="connectedaccount",
            name="entity",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="connected_accounts",
                to="connections.entity",
            ),
        ),
        migrations.AlterField(
            model_name="connectedaccount",
            name="project",
            field=models.ForeignKey(
                db_index=False,
                editable=False,
                on_delete=django.db.models.deletion.PROTECT,
                to="integrations.project",
            ),
        ),
        migrations.AlterField(
            model_name="connectedaccount",
            name="toolkit",
            field=models.SlugField(db_index=False, max_length=64),
        ),
        migrations.AddIndex(
            model_name="connectedaccount",
            index=models.Index(fields=["entity"], name="account_by_entity"),
        ),
        migrations.AddIndex(
            model_name="connectedaccount",
            index=models.Index(fields=["project", "id"], name="account_by_project"),
        ),
        migrations.AddIndex(
            model_name="connectedaccount",
            index=models.Index(
                condition=models.Q(("status", "ACTIVE"), _negated=True),
                fields=["status", "id"],
                include=("project",),
                name="account_at_rest",
            ),
        ),
        migrations.AddIndex(
            model_name="connectedaccount",
            index=models.Index(
                condition=models.Q(("status", "ACTIVE"), ("refresh_failing_since__isnull", False)),
                fields=["id"],
                include=("project",),
                name="account_failing",
            ),
        ),
        migrations.AddIndex(
            model_name="connectedaccount",
            index=models.Index(
                condition=models.Q(("status", "ACTIVE"), ("in_doubt_since__isnull", False)),
                fields=["id"],
                include=("project",),
                name="account_in_doubt",
            ),
        ),
        migrations.AddIndex(
            model_name="connectedaccount",
            index=models.Index(
                condition=models.Q(("status_reason", "connected"), _negated=True),
                fields=["status_reason", "id"],
                name="account_by_reason",
            ),
        ),
        migrations.AddIndex(
            model_name="connectedaccount",
            index=models.Index(
                django.contrib.postgres.indexes.OpClass(
                    django.db.models.functions.text.Upper("identity_label"), name="text_pattern_ops"
                ),
                name="account_by_label",
            ),
        ),
        migrations.AddIndex(
            model_name="connectedaccount",
            index=models.Index(
                django.contrib.postgres.indexes.OpClass(
                    django.db.models.functions.text.Upper("alias"), name="text_pattern_ops"
                ),
                condition=models.Q(("alias", ""), _negated=True),
                name="account_by_alias",
            ),
        ),
        migrations.AddIndex(
            model_name="entity",
            index=models.Index(
                django.contrib.postgres.indexes.OpClass(
                    django.db.models.functions.text.Upper("user_id"), name="text_pattern_ops"
                ),
                name="entity_user_id_begins",
            ),
        ),
        migrations.AddIndex(
            model_name="entity",
            index=models.Index(
                django.contrib.postgres.indexes.OpClass(
                    django.db.models.functions.text.Upper("tenant_id"), name="text_pattern_ops"
                ),
                condition=models.Q(("tenant_id", ""), _negated=True),
                name="entity_tenant_id_begins",
            ),
        ),
    ]
