"""Disables and enables an account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone

from connections.lifecycle import move
from connections.models import Credentials, Reason, Status

if TYPE_CHECKING:
    from connections.actors import Actor
    from connections.models import ConnectedAccount


def disable_account(*, account: ConnectedAccount, actor: Actor, note: str = "") -> None:
    """Refuse every use of an ACTIVE account until it is enabled; its credentials stay.

    Raises:
        TransitionRefused, StatusChanged: it is not ACTIVE (any more).
    """
    by_operator = actor.startswith("operator:")
    reason = Reason.DISABLED_BY_OPERATOR if by_operator else Reason.DISABLED_BY_API
    move(
        account=account,
        to=Status.INACTIVE,
        reason=reason,
        actor=actor,
        cause=note,
        now=timezone.now(),
    )


def enable_account(*, account: ConnectedAccount, actor: Actor, note: str = "") -> None:
    """Let an INACTIVE account be used again.

    It is refreshed at once, because its token may have ended; one without a refresh token is
    probed at once, and due at its end.

    Raises:
        TransitionRefused, StatusChanged: it is not INACTIVE (any more).
    """
    now = timezone.now()
    move(
        account=account,
        to=Status.ACTIVE,
        reason=Reason.ENABLED,
        actor=actor,
        cause=note,
        changes=(
            {"refresh_at": now}
            if _can_refresh(account)
            else {"refresh_at": account.expires_at, "probe_at": now}
        ),
        now=now,
    )


def _can_refresh(account: ConnectedAccount) -> bool:
    return Credentials.objects.filter(pk=account.pk).exclude(refresh_token_digest="").exists()
