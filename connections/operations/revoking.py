"""Revokes a grant here and at the provider."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from django.db import transaction
from django.utils import timezone

from connections import vault
from connections.actors import PERSON
from connections.lifecycle import move
from connections.models import ConnectedAccount, Credentials, Reason, Status
from connections.tasks import wake_revoker
from integrations.secrets.keyring import SealingError

if TYPE_CHECKING:
    from connections.actors import Actor
    from connections.models import Revocation
    from integrations.schemes import TokenSet

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
        unreadable_too: wipe credentials also that do not open; the provider is not told then.
        wake: ask a worker to tell the provider now. Who revokes many leaves it to the watch.

    Returns:
        What the provider is told by; None where there was nothing to tell.

    Raises:
        TransitionRefused, StatusChanged: its status does not allow it (any more).
        SealBroken, KeyUnknown: the credentials do not open; nothing was changed.
    """
    reason = _reason(actor)
    now = timezone.now()
    with transaction.atomic():
        # The row as it is: where a reconnect was faster, its grant is the one that is revoked.
        stored = ConnectedAccount.objects.locked(account.pk)
        tokens = _tokens(account, unreadable_too=unreadable_too)
        revocation = None
        if tokens is not None:
            revocation = vault.queue_revocation(
                account=stored, tokens=tokens, actor=actor, insisted=insist, now=now
            )
        move(account=account, to=Status.REVOKED, reason=reason, actor=actor, cause=note, now=now)
        if wake:
            transaction.on_commit(wake_revoker)
    return revocation


def _tokens(account: ConnectedAccount, *, unreadable_too: bool) -> TokenSet | None:
    stored = Credentials.objects.select_for_update().filter(pk=account.pk).first()
    if stored is None:
        return None
    try:
        return vault.open_grant(stored)
    except SealingError as error:
        if not unreadable_too:
            raise
        log.error(  # noqa: TRY400 - the type says it all
            "credentials_do_not_open", connected_account_id=account.pk, error=type(error).__name__
        )
        return None


def _reason(actor: Actor) -> Reason:
    if actor == PERSON:
        return Reason.REVOKED_BY_PERSON
    by_operator = actor.startswith("operator:")
    return Reason.REVOKED_BY_OPERATOR if by_operator else Reason.REVOKED_BY_API
