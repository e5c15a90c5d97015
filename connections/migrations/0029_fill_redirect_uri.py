"""Keeps with accounts of before the redirect URI of their consent, where a refresh needs it."""

from typing import Any, Final

from django.apps.registry import Apps
from django.conf import settings
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import Q

BATCH: Final = 500
# The catalog's that want it, and services that auth configs describe so. Others are not touched: a
# million rows are not written again for nothing.
_WANT_IT: Final = Q(toolkit__in=["asana", "gitlab", "outreach"]) | Q(
    service__refresh_needs_redirect_uri=True
)
_NEXT: Final = """
    SELECT id FROM connections_connectedaccount
    WHERE auth_config_id = %s AND id > %s ORDER BY id LIMIT %s
"""
# What the trip of the present grant named, as long as it is kept; else what is asked for today.
_FILL: Final = """
    UPDATE connections_connectedaccount account
    SET redirect_uri = coalesce(
        (
            SELECT attempt.redirect_uri
            FROM connections_connectattempt attempt
            JOIN connections_connectlink link ON link.id = attempt.link_id
            WHERE link.account_id = account.id
                AND attempt.outcome IN ('connected', 'reconnected')
            ORDER BY attempt.id DESC LIMIT 1
        ),
        %s
    )
    WHERE id = ANY(%s) AND redirect_uri = ''
"""


def fill(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    """Fill the empty column, config by config. Done twice, it finds nothing to do."""
    configs = apps.get_model("integrations", "AuthConfig").objects.filter(_WANT_IT, scheme="oauth2")
    for config in configs.only("managed_app_id", "callback_url"):
        _fill(editor, config.pk, _redirect_uri(config))


def _fill(editor: BaseDatabaseSchemaEditor, config_id: str, redirect_uri: str) -> None:
    """Go through a config's accounts in batches, so that no row is locked for long."""
    last = ""
    with editor.connection.cursor() as cursor:
        while True:
            cursor.execute(_NEXT, [config_id, last, BATCH])
            ids = [account_id for (account_id,) in cursor.fetchall()]
            if not ids:
                return
            cursor.execute(_FILL, [redirect_uri, ids])
            last = ids[-1]


def _redirect_uri(config: Any) -> str:
    holder = config.managed_app_id or config.pk
    return config.callback_url or f"{settings.BASE_URL}/connect/callback/{holder}"


class Migration(migrations.Migration):
    # Each batch is a transaction of its own.
    atomic = False

    dependencies = [
        ("connections", "0028_revocation_redirect_uri"),
        ("integrations", "0017_registering_until"),
    ]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
