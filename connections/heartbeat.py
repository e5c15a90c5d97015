"""Heartbeats of the refreshing processes: who works, and since when somebody has not been seen.

Times are the database's: the clocks of workers differ.
"""

from __future__ import annotations

import os
import socket
import time
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import structlog
from django.db.models import DurationField, Exists, ExpressionWrapper, F, Max, OuterRef, Q
from django.db.models.functions import Now

from connections import journal, journal_keys
from connections.models import Worker
from connections.workers import worker_name
from integrations.database import DATABASE_AWAY
from integrations.stopping import stop_announced

if TYPE_CHECKING:
    from django.db.models import QuerySet

log = structlog.get_logger(__name__)

# What runs a worker. A job's process stays when its watch ends and gets another one soon.
COMMAND: Final = "command"
JOB: Final = "job"
# A worker beats every five seconds; one that missed three beats is not counted on.
LIVE: Final = timedelta(seconds=15)
# After that a job's process is gone, or has not been given a watch for long.
JOB_KEPT: Final = timedelta(minutes=2)
# For so long a host is remembered: it may come back, and its journal with it.
KEPT: Final = timedelta(days=1)


class _Counts:
    """What this process last counted in the journal, and when it is due again."""

    def __init__(self) -> None:
        self.keys: dict[str, int] = {}
        self.due_at = float("-inf")


_counts = _Counts()


def beat(
    *, started_by: str, started_at: datetime, under_way: int, refreshed: int, failed: int
) -> None:
    """Write that this process works, and what it has done.

    Args:
        started_by: `COMMAND` or `JOB`.
        under_way: calls that have begun and not been answered.
        refreshed, failed: how refreshes ended since ``started_at``.
    """
    if time.monotonic() >= _counts.due_at:
        _counts.due_at = time.monotonic() + journal_keys.COUNT_SECONDS
        _counts.keys = journal_keys.tell()
        _forget_the_lost()
    _, journal_bytes = journal.size()
    facts: dict[str, Any] = {
        "host": _host(),
        "pid": os.getpid(),
        "started_by": started_by,
        "started_at": started_at,
        "seen_at": Now(),
        "under_way": under_way,
        "refreshed": refreshed,
        "failed": failed,
        "journal_bytes": journal_bytes,
        "journal_trouble": journal.trouble()[:100],
        "journal_keys": _counts.keys,
    }
    Worker.objects.bulk_create(
        [Worker(name=worker_name(), **facts)],
        update_conflicts=True,
        unique_fields=["name"],
        update_fields=list(facts),
    )


def end() -> None:
    """Take leave: a command's row goes; a job's process only waits for its next watch.

    Where the job runner itself ends, the rows of all its processes go. Should this host have
    another job runner, that one's next beats bring back its own.

    What is in the journal stays known, as it is now: it is there when the host is back.
    """
    try:
        journal_keys.tell()
        mine = Worker.objects.filter(pk=worker_name())
        mine.exclude(started_by=JOB).delete()
        mine.update(under_way=0)
        if stop_announced():
            Worker.objects.filter(host=_host(), started_by=JOB).delete()
    except DATABASE_AWAY as error:
        # The row stays and is shown as not seen, until others remove it.
        log.warning("heartbeat_not_ended", error=type(error).__name__)


def live_workers() -> int:
    """Return how many processes refresh: those seen within the last 15 seconds."""
    return Worker.objects.filter(seen_at__gt=Now() - LIVE).count()


def workers() -> QuerySet[Any]:
    """Return the known workers, each with ``unseen_for``: how long ago its last beat was."""
    return Worker.objects.annotate(
        unseen_for=ExpressionWrapper(Now() - F("seen_at"), output_field=DurationField())
    )


def unseen_for() -> timedelta | None:
    """Return how long ago any worker was seen; None where none is known."""
    found = Worker.objects.aggregate(
        shortest=ExpressionWrapper(Now() - Max("seen_at"), output_field=DurationField())
    )
    shortest: timedelta | None = found["shortest"]
    return shortest


def _host() -> str:
    return socket.gethostname()[:100]


def _forget_the_lost() -> None:
    newer = Worker.objects.filter(host=OuterRef("host"), seen_at__gt=OuterRef("seen_at"))
    replaced = Q(Exists(newer), started_by=JOB, seen_at__lt=Now() - JOB_KEPT)
    Worker.objects.filter(replaced | Q(seen_at__lt=Now() - KEPT)).delete()
