"""Has a refreshing process work off bulk jobs beside its refreshes, in a thread of their own.

A batch of them takes longer than a due refresh should wait.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import structlog
from django.db import connection
from django.utils import timezone

from connections.bulk.reporting import forget_links
from connections.bulk.running import work_off
from integrations.database import DATABASE_AWAY

if TYPE_CHECKING:
    from collections.abc import Iterator

log = structlog.get_logger(__name__)

# How often an idle thread looks for work.
PAUSE_SECONDS: Final = 1.0


@contextmanager
def working_on_bulk_jobs() -> Iterator[None]:
    """Work on the jobs there are while the block runs; on leaving, end the item under way."""
    stop = threading.Event()
    thread = threading.Thread(target=_work, args=[stop], name="bulk", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _work(stop: threading.Event) -> None:
    try:
        while not stop.is_set():
            _look(stop)
            stop.wait(PAUSE_SECONDS)
    finally:
        connection.close()


def _look(stop: threading.Event) -> None:
    try:
        work_off(stop=stop)
        forget_links(now=timezone.now())
    except DATABASE_AWAY as error:
        log.warning("bulk_lost_database", error=type(error).__name__)
        connection.close()
    except Exception:
        # The refreshes go on, and so does the next look.
        log.exception("bulk_failed")
