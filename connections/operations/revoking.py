"""Revokes a grant here and at the provider."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from connections import vault
from connections.actors import PERSON
from connections.lifecycle import move
from connections.models import ConnectedAccount, Credentials, Reason, Status
from connections.tasks import wake_revoker

if TYPE_CHECKING:
    from connections.actors import Actor


def revoke_account(*, account: ConnectedAccount, actor: Actor, note: str = "") -> None:
    """End the grant: REVOKED here at once with the credentials wiped, then at the provider.

    The tokens go sealed into a `Revocation`, which the worker carries to the provider's
    revocation endpoint and tries again until it is confirmed. Where another project's account
    stands on the same grant, by a managed app, it is superseded: see `grants.is_superseded`.

    Raises:
        TransitionRefused, StatusChanged: its status does not allow it (any more).
        SealBroken, KeyUnknown: the credentials do not open; nothing was changed.
    """
    reason = _reason(actor)
    now = timezone.now()
    with transaction.atomic():
        ConnectedAccount.objects.locked(account.pk)
        stored = Credentials.objects.select_for_update().filter(pk=account.pk).first()
        if stored is not None:
            tokens = vault.open_grant(stored)
            vault.queue_revocation(account=account, tokens=tokens, actor=actor, now=now)
        move(account=account, to=Status.REVOKED, reason=reason, actor=actor, cause=note, now=now)
        transaction.on_commit(wake_revoker)


def _reason(actor: Actor) -> Reason:
    if actor == PERSON:
        return Reason.REVOKED_BY_PERSON
    by_operator = actor.startswith("operator:")
    return Reason.REVOKED_BY_OPERATOR if by_operator else Reason.REVOKED_BY_API
