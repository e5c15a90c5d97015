"""Deletes an account."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from django.db import transaction
from django.utils import timezone

from connections import vault
from connections.grants import shared_with_another
from connections.lifecycle import move
from connections.models import ConnectedAccount, ConnectLink, Credentials, Reason, Status
from connections.tasks import wake_revoker
from integrations.secrets.keyring import SealingError

if TYPE_CHECKING:
    from datetime import datetime

    from connections.actors import Actor

log = structlog.get_logger(__name__)


def delete_account(*, account: ConnectedAccount, actor: Actor, note: str = "") -> None:
    """Delete the account: credentials wiped, links closed, history kept.

    The grant is revoked at the provider too, unless another living account stands on the same
    upstream identity: at many providers revoking one token ends the person's whole grant. Where
    the credentials do not open they are wiped all the same, and the provider is not told.

    Raises:
        StatusChanged: somebody changed its status meanwhile.
        TransitionRefused: it is deleted already.
    """
    by_operator = actor.startswith("operator:")
    reason = Reason.DELETED_BY_OPERATOR if by_operator else Reason.DELETED_BY_API
    now = timezone.now()
    with transaction.atomic():
        # The row as it is: where a reconnect was faster, its grant is the one that is revoked.
        stored = ConnectedAccount.objects.locked(account.pk)
        _revoke_unless_shared(stored, actor=actor, now=now)
        move(account=account, to=Status.DELETED, reason=reason, actor=actor, cause=note, now=now)
        ConnectLink.objects.open(now=now).filter(account=account).update(expires_at=now)
        transaction.on_commit(wake_revoker)


def _revoke_unless_shared(account: ConnectedAccount, *, actor: Actor, now: datetime) -> None:
    stored = Credentials.objects.select_for_update().filter(pk=account.pk).first()
    if stored is None or shared_with_another(account, account.identity_id):
        return
    try:
        tokens = vault.open_grant(stored)
    except SealingError as error:
        # What nobody can read must still be deletable.
        log.error(  # noqa: TRY400 - the type says it all
            "credentials_do_not_open", connected_account_id=account.pk, error=type(error).__name__
        )
        return
    vault.queue_revocation(account=account, tokens=tokens, actor=actor, now=now)
