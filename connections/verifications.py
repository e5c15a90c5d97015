"""Verifications as a crowd: what happens to those that no app answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connections.connect.verifying import LONGEST_EXCHANGE, end_if_over
from connections.models import Verification

if TYPE_CHECKING:
    from datetime import datetime

BATCH = 100


def end_late_verifications(*, now: datetime, limit: int = BATCH) -> int:
    """Wipe what was held for too long and fail the trips; return how many.

    So is what a process left behind that died amid the exchange.
    """
    over = Verification.objects.over(now=now, interrupted_before=now - LONGEST_EXCHANGE)
    rows = over.select_related("attempt__link__account").order_by("expires_at")[:limit]
    return sum(end_if_over(row, now=now) for row in rows)
