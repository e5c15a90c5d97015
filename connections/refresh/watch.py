"""The loop that keeps accounts fresh, the same for the worker's task and the command."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import structlog
from django.db import connection
from django.utils import timezone

from connections.links import expire_unused_links
from connections.models import Trigger
from connections.refresh.claim import claim_due
from connections.refresh.work import refresh_claimed
from connections.revoking import revoke_due

if TYPE_CHECKING:
    from threading import Event

    from connections.refresh.claim import Claim

log = structlog.get_logger(__name__)

BATCH = 16
PAUSE_SECONDS = 1.0


def refresh_due(*, limit: int = BATCH) -> int:
    """Refresh up to ``limit`` due accounts, side by side; return how many were claimed."""
    claims = claim_due(limit=limit, trigger=Trigger.SCHEDULE, now=timezone.now())
    if claims:
        with ThreadPoolExecutor(max_workers=len(claims), thread_name_prefix="refresh") as pool:
            list(pool.map(_refresh_in_thread, claims))
    return len(claims)


def watch_refreshes(*, seconds: float | None, stop: Event) -> None:
    """Refresh what falls due, expire unused links and finish revocations, again and again.

    Args:
        seconds: for how long; None means until ``stop`` is set.
    """
    end = None if seconds is None else time.monotonic() + seconds
    while not stop.is_set() and (end is None or time.monotonic() < end):
        worked = refresh_due()
        worked += revoke_due()
        worked += expire_unused_links(now=timezone.now())
        if not worked:
            stop.wait(PAUSE_SECONDS)


def _refresh_in_thread(claim: Claim) -> None:
    # One account's surprise must not stop the batch; its lease runs out and it is tried again.
    try:
        refresh_claimed(claim)
    except Exception:
        log.exception("refresh_crashed", connected_account_id=claim.account.pk)
    finally:
        connection.close()
