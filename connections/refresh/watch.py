"""The loop that keeps accounts fresh, the same for the worker's task and the command."""

from __future__ import annotations

import math
import time
from contextlib import nullcontext
from typing import TYPE_CHECKING

import structlog
from django.db import connection
from django.utils import timezone

from connections import heartbeat
from connections.refresh.crew import Crew
from connections.refresh.lanes import Refreshing, probe_lane, revocation_lane
from connections.refresh.upkeep import Upkeep
from integrations.database import DATABASE_AWAY
from integrations.stopping import stop_on_signal

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from datetime import datetime
    from threading import Event

    from connections.refresh.crew import Lane

log = structlog.get_logger(__name__)

PAUSE_SECONDS = 0.5
# The job runner's processes have other things to do as well; a watch goes on with the rest.
REVOKING_SECONDS = 5.0


def refresh_due() -> int:
    """Refresh, revoke and probe all that is due now, side by side; return how many were tried.

    Bulk jobs come first: what they make due is refreshed with the rest. What falls due meanwhile
    is left to the next one. A signal to stop is obeyed once the calls under way have been stored.
    """
    from connections.bulk.running import work_off  # noqa: PLC0415 - it asks for breakers, of here

    with stop_on_signal() as stop:
        work_off(stop=stop)
        if stop.is_set():
            return 0
    return _do_due([Refreshing().lane(), revocation_lane(), probe_lane()], seconds=math.inf)


def revoke_due() -> int:
    """Revoke at the providers what is due now, for some seconds; return how many were tried."""
    return _do_due([revocation_lane()], seconds=REVOKING_SECONDS)


def _do_due(lanes: list[Lane], *, seconds: float) -> int:
    now, end = timezone.now(), time.monotonic() + seconds
    tried = 0
    with stop_on_signal() as stop, Crew(lanes) as crew:
        while not stop.is_set() and time.monotonic() < end:
            tried += crew.take_up(now=now)
            if not crew.busy:
                break
            crew.settle(timeout=PAUSE_SECONDS)
    return tried


def watch_refreshes(
    *, seconds: float | None, stop: Event, started_by: str = heartbeat.COMMAND
) -> None:
    """Refresh what falls due, and do the upkeep and the errands, again and again.

    A database that goes away is waited for. Calls under way at the end are waited for, because
    an answer that nobody stores may cost the grant.

    Args:
        seconds: for how long; None means until ``stop`` is set.
        started_by: `heartbeat.COMMAND` or `heartbeat.JOB`.
    """
    from connections.bulk.alongside import working_on_bulk_jobs  # noqa: PLC0415 - as above
    from connections.errands import running_errands  # noqa: PLC0415

    end = float("inf") if seconds is None else time.monotonic() + seconds
    refreshing = Refreshing()
    lanes = [refreshing.lane(), revocation_lane(), probe_lane()]
    # The job runner has them done by its schedule.
    errands: AbstractContextManager[Event | None] = (
        nullcontext() if started_by == heartbeat.JOB else running_errands()
    )
    with errands as ending, Crew(lanes) as crew, working_on_bulk_jobs():
        started_at = timezone.now()

        def beat(_now: datetime) -> None:
            heartbeat.beat(
                started_by=started_by,
                started_at=started_at,
                under_way=crew.under_way,
                refreshed=refreshing.refreshed,
                failed=refreshing.failed,
            )

        upkeep = Upkeep(beat=beat)
        while not stop.is_set() and time.monotonic() < end:
            try:
                _once(crew, upkeep, stop)
            except DATABASE_AWAY as error:
                log.warning("refresher_lost_database", error=type(error).__name__)
                connection.close()
                stop.wait(PAUSE_SECONDS)
        if ending is not None:
            ending.set()
    heartbeat.end()


def _once(crew: Crew, upkeep: Upkeep, stop: Event) -> None:
    upkeep.run(timezone.now())
    # Upkeep may take a while, and an attempt's start is told from when it was claimed.
    crew.take_up(now=timezone.now())
    if crew.busy:
        crew.settle(timeout=PAUSE_SECONDS)
    else:
        stop.wait(PAUSE_SECONDS)
