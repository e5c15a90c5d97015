"""Links as a crowd: what happens to accounts whose links were never used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef

from connections.actors import SYSTEM
from connections.errors import StatusChanged
from connections.lifecycle import move
from connections.models import ConnectedAccount, ConnectLink, Reason, Status, Verification

if TYPE_CHECKING:
    from datetime import datetime

BATCH = 100


def expire_unused_links(*, now: datetime, limit: int = BATCH) -> int:
    """Expire accounts that still wait for a person and have no open link; return how many.

    Where the app has yet to say who its person is, the end of that decides.
    """
    open_links = ConnectLink.objects.open(now=now).filter(account=OuterRef("pk"))
    held = Verification.objects.filter(account=OuterRef("pk"), ended_at__isnull=True)
    waiting = ConnectedAccount.objects.filter(
        ~Exists(open_links), ~Exists(held), status=Status.INITIATED
    )
    accounts = waiting.select_related("project", "entity")[:limit]
    return sum(_expire(account, now) for account in accounts)


def _expire(account: ConnectedAccount, now: datetime) -> int:
    try:
        move(
            account=account,
            to=Status.EXPIRED,
            reason=Reason.LINK_EXPIRED,
            actor=SYSTEM,
            now=now,
        )
    except StatusChanged:
        # The person connected, or somebody deleted it, while we looked.
        return 0
    return 1
