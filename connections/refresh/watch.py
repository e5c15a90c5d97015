"""The loop that keeps accounts fresh, the same for the worker's task and the command."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import structlog
from django.db import connection
from django.utils import timezone

from connections.links import expire_unused_links
from connections.refresh.crew import Crew
from integrations.database import DATABASE_AWAY
from integrations.stopping import stop_on_signal

if TYPE_CHECKING:
    from threading import Event

log = structlog.get_logger(__name__)

PAUSE_SECONDS = 1.0


def refresh_due() -> int:
    """Refresh and revoke all that is due now, side by side; return how many were tried.

    A signal to stop is obeyed once the calls under way have been stored.
    """
    tried = 0
    with stop_on_signal() as stop, Crew() as crew:
        while not stop.is_set() and (claimed := crew.take_up(now=timezone.now())):
            tried += claimed
            crew.settle(timeout=None)
    return tried


def watch_refreshes(*, seconds: float | None, stop: Event) -> None:
    """Refresh what falls due, expire unused links and finish revocations, again and again.

    A database that goes away is waited for. Calls under way at the end are waited for, because
    an answer that nobody stores may cost the grant.

    Args:
        seconds: for how long; None means until ``stop`` is set.
    """
    end = float("inf") if seconds is None else time.monotonic() + seconds
    with Crew() as crew:
        while not stop.is_set() and time.monotonic() < end:
            try:
                busy = _once(crew)
            except DATABASE_AWAY as error:
                log.warning("refresher_lost_database", error=type(error).__name__)
                connection.close()
                busy = False
            if not busy:
                stop.wait(PAUSE_SECONDS)


def _once(crew: Crew) -> bool:
    """Do a round; return whether there may be more to do at once."""
    now = timezone.now()
    worked = crew.take_up(now=now)
    worked += crew.settle(timeout=PAUSE_SECONDS)
    worked += expire_unused_links(now=now)
    return worked > 0 or crew.busy
