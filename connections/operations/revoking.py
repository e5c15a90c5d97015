"""Revokes a grant here and at the provider."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from django.db import transaction
from django.utils import timezone

from connections import vault
from connections.actors import PERSON
from connections.lifecycle import move
from connections.models import ConnectedAccount, Credentials, Reason, Revocation, Status
from connections.tasks import wake_revoker
from connections.vault import UNREADABLE
from integrations.secrets.keyring import SealingError

if TYPE_CHECKING:
    from datetime import datetime

    from connections.actors import Actor

log = structlog.get_logger(__name__)


def revoke_account(
    *,
    account: ConnectedAccount,
    actor: Actor,
    note: str = "",
    insist: bool = False,
    unreadable_too: bool = False,
    wake: bool = True,
) -> Revocation | None:
    """End the grant: REVOKED here at once with the credentials wiped, then at the provider.

    The tokens go sealed into a `Revocation`, which the worker carries to the provider's
    revocation endpoint and tries again until it is confirmed. Where another project's account
    stands on the same grant, by a managed app, it is superseded: see `grants.is_superseded`.

    Args:
        insist: go on trying for a month where the provider does not answer.
        unreadable_too: wipe credentials also that do not open. The provider is not told then, and
            a revocation that is given up from the beginning says so.
        wake: ask a worker to tell the provider now. Who revokes many leaves it to the watch.

    Returns:
        What the provider is told by; None where there was nothing to tell, or it cannot be told.

    Raises:
        TransitionRefused, StatusChanged: its status does not allow it (any more).
        SealBroken, KeyUnknown: the credentials do not open; nothing was changed.
    """
    reason = _reason(actor)
    now = timezone.now()
    with transaction.atomic():
        # The row as it is: where a reconnect was faster, its grant is the one that is revoked.
        stored = ConnectedAccount.objects.locked(account.pk)
        revocation = _hand_over(
            stored, actor=actor, insist=insist, unreadable_too=unreadable_too, now=now
        )
        move(account=account, to=Status.REVOKED, reason=reason, actor=actor, cause=note, now=now)
        if wake:
            transaction.on_commit(wake_revoker)
    return revocation


def _hand_over(
    account: ConnectedAccount, *, actor: Actor, insist: bool, unreadable_too: bool, now: datetime
) -> Revocation | None:
    """Queue the tokens for the provider, where there are any that open."""
    stored = Credentials.objects.select_for_update().filter(pk=account.pk).first()
    if stored is None:
        return None
    try:
        tokens = vault.open_grant(stored)
    except SealingError as error:
        if not unreadable_too:
            raise
        log.error(  # noqa: TRY400 - the type says it all
            UNREADABLE, connected_account_id=account.pk, error=type(error).__name__
        )
        _give_up(account, actor=actor, now=now)
        return None
    return vault.queue_revocation(
        account=account, tokens=tokens, actor=actor, insisted=insist, now=now
    )


def _give_up(account: ConnectedAccount, *, actor: Actor, now: datetime) -> None:
    """Keep on record that the provider was not told: the person has to end it there herself."""
    Revocation.objects.create(
        project_id=account.project_id,
        account=account,
        identity_id=account.identity_id,
        requested_by=actor,
        requested_at=now,
        given_up_at=now,
        error_code=UNREADABLE,
    )


def _reason(actor: Actor) -> Reason:
    if actor == PERSON:
        return Reason.REVOKED_BY_PERSON
    by_operator = actor.startswith("operator:")
    return Reason.REVOKED_BY_OPERATOR if by_operator else Reason.REVOKED_BY_API
