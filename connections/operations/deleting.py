"""Deletes an account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from connections import vault
from connections.lifecycle import HOLDS_CREDENTIALS, move
from connections.models import ConnectedAccount, ConnectLink, Credentials, Reason, Status
from connections.tasks import wake_refresher

if TYPE_CHECKING:
    from datetime import datetime

    from connections.actors import Actor


def delete_account(*, account: ConnectedAccount, actor: Actor, note: str = "") -> None:
    """Delete the account: credentials wiped, links closed, history kept.

    The grant is revoked at the provider too, unless another living account stands on the same
    upstream identity: at many providers revoking one token ends the person's whole grant.

    Raises:
        StatusChanged: somebody changed its status meanwhile.
        TransitionRefused: it is deleted already.
    """
    by_operator = actor.startswith("operator:")
    reason = Reason.DELETED_BY_OPERATOR if by_operator else Reason.DELETED_BY_API
    now = timezone.now()
    with transaction.atomic():
        ConnectedAccount.objects.locked(account.pk)
        _revoke_unless_shared(account=account, actor=actor, now=now)
        move(account=account, to=Status.DELETED, reason=reason, actor=actor, cause=note, now=now)
        ConnectLink.objects.open(now=now).filter(account=account).update(expires_at=now)
        transaction.on_commit(wake_refresher)


def _revoke_unless_shared(*, account: ConnectedAccount, actor: Actor, now: datetime) -> None:
    stored = Credentials.objects.select_for_update().filter(pk=account.pk).first()
    if stored is not None and not stands_on_grant(account, account.identity_id):
        tokens = vault.open_grant(stored)
        vault.queue_revocation(account=account, tokens=tokens, actor=actor, now=now)


def stands_on_grant(account: ConnectedAccount, identity_id: str) -> bool:
    """Whether another account of the same auth config holds a grant of that identity."""
    others = ConnectedAccount.objects.filter(
        auth_config_id=account.auth_config_id,
        identity_id=identity_id,
        status__in=HOLDS_CREDENTIALS,
    )
    return bool(identity_id) and others.exclude(pk=account.pk).exists()
