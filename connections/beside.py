"""Threads of a process for what takes longer than a due refresh should wait."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import structlog
from django.db import connection

from integrations.database import DATABASE_AWAY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

log = structlog.get_logger(__name__)

# How often an idle thread looks for work.
PAUSE_SECONDS: Final = 1.0


@contextmanager
def looking_beside(
    look: Callable[[threading.Event], object], *, name: str, patience: float | None = None
) -> Iterator[threading.Event]:
    """Call ``look`` again and again in a thread of that name while the block runs.

    Whatever it raises is logged, and it is called again. Where the system gives no thread, nobody
    looks, which is logged as well. Yields the event that ends it, which leaving the block sets.

    Args:
        look: is given that event, to end early.
        patience: for how many seconds at the most its end is waited for; None: however long.
    """
    stop = threading.Event()
    thread = threading.Thread(target=_work, args=[look, stop, name], name=name, daemon=True)
    try:
        thread.start()
    except RuntimeError as error:
        log.error("thread_not_started", thread=name, error=str(error))  # noqa: TRY400 - no stack
    try:
        yield stop
    finally:
        stop.set()
        if thread.ident is not None:
            thread.join(patience)


def _work(look: Callable[[threading.Event], object], stop: threading.Event, name: str) -> None:
    try:
        while not stop.is_set():
            _look(look, stop, name)
            stop.wait(PAUSE_SECONDS)
    finally:
        connection.close()


def _look(look: Callable[[threading.Event], object], stop: threading.Event, name: str) -> None:
    try:
        look(stop)
    except DATABASE_AWAY as error:
        log.warning("thread_lost_database", thread=name, error=type(error).__name__)
        connection.close()
    except Exception:
        # The refreshes go on, and so does the next look.
        log.exception("thread_failed", thread=name)
