"""Who stands on which grant upstream: at many providers revoking one token ends them all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connection

from connections.lifecycle import HOLDS_CREDENTIALS
from connections.models import ConnectedAccount

if TYPE_CHECKING:
    from connections.models import Revocation


def shared_with_another(account: ConnectedAccount, identity_id: str) -> bool:
    """Whether another account of the same auth config holds a grant of that identity.

    Until the end of the caller's transaction no other caller gets an answer for the identity, so
    that of two accounts deleted at once the second one finds itself the last.
    """
    if not identity_id:
        return False
    _lock_identity(f"{account.auth_config_id} {identity_id}")
    others = ConnectedAccount.objects.filter(
        auth_config_id=account.auth_config_id,
        identity_id=identity_id,
        status__in=HOLDS_CREDENTIALS,
    )
    return others.exclude(pk=account.pk).exists()


def is_superseded(revocation: Revocation) -> bool:
    """Whether the account was reconnected as the same person since: the new grant must live."""
    account = revocation.account
    same_person = account.identity_id == revocation.identity_id
    return same_person and account.status in HOLDS_CREDENTIALS


def _lock_identity(name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])
