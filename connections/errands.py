"""What a process that refreshes by itself does beside that where no schedule has it done.

Each at the pace that the job runner's schedule has for it (`connections.tasks`), and in a thread of
their own: a mail server or a provider may take its time. Two processes that do the same at once do
no harm: each mail and each client is somebody's alone.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import structlog
from django.utils import timezone

from connections.beside import looking_beside
from connections.noticing.sending import send_due_notices
from integrations.database import DATABASE_AWAY, is_away
from integrations.renewing_registrations import renew_registrations

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable
    from contextlib import AbstractContextManager

log = structlog.get_logger(__name__)

# For so long at a time mails are sent before the next errand has its turn.
SENDING_SECONDS: Final = 55.0
# After that whoever ends waits for none any more: what is cut off is found by the next process.
PATIENCE_SECONDS: Final = 20.0


@dataclass
class _Errand:
    """One thing to do, ``pause`` seconds after it was last begun."""

    work: Callable[[threading.Event], object]
    pause: float
    due_at: float = float("-inf")


def running_errands() -> AbstractContextManager[threading.Event]:
    """Do the errands while the block runs; yields the event that ends them."""
    errands = [
        _Errand(lambda stop: send_due_notices(seconds=SENDING_SECONDS, stop=stop), pause=60),
        _Errand(lambda stop: renew_registrations(now=timezone.now(), stop=stop), pause=3600),
    ]
    return looking_beside(
        lambda stop: _run(errands, stop), name="errands", patience=PATIENCE_SECONDS
    )


def _run(errands: list[_Errand], stop: threading.Event) -> None:
    for errand in errands:
        if stop.is_set() or time.monotonic() < errand.due_at:
            continue
        errand.due_at = time.monotonic() + errand.pause
        try:
            errand.work(stop)
        except Exception as error:
            if isinstance(error, DATABASE_AWAY) and is_away(error):
                errand.due_at = float("-inf")
                raise
            # One that fails must not stop the other.
            log.exception("errand_failed")
