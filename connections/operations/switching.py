"""Disables and enables an account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone

from connections.lifecycle import move
from connections.models import Reason, Status

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
    """Let an INACTIVE account be used again. It is refreshed at once: its token may have ended.

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
        changes={"refresh_at": now},
        now=now,
    )
