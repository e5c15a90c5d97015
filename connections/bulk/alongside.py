"""Has a refreshing process work off bulk jobs beside its refreshes, in a thread of their own.

A batch of them takes longer than a due refresh should wait.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone

from connections.beside import looking_beside
from connections.bulk.reporting import forget_links
from connections.bulk.running import work_off

if TYPE_CHECKING:
    import threading
    from contextlib import AbstractContextManager


def working_on_bulk_jobs() -> AbstractContextManager[threading.Event]:
    """Work on the jobs there are while the block runs; on leaving, end the item under way."""
    return looking_beside(_look, name="bulk")


def _look(stop: threading.Event) -> None:
    work_off(stop=stop)
    forget_links(now=timezone.now())
