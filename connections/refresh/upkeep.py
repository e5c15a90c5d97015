"""What a refreshing process does besides refreshing, each at its own pace.

All of it hangs on the loop of `watch`, so that one command alone carries everything.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import structlog

from connections.forecast import warn_due
from connections.links import expire_unused_links
from connections.pruning import prune
from connections.refresh import keeping
from connections.refresh.reconciling import drain_orphans, retire_segments, store_own
from connections.tallies import fold
from connections.verifications import end_late_verifications
from integrations.database import DATABASE_AWAY, is_away

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

log = structlog.get_logger(__name__)

# The crew stores an answer within that time, or has given it up, or the database is away.
OWN_SECONDS: Final = 30.0


@dataclass
class _Duty:
    """One thing to do, ``pause`` seconds after it was last done."""

    work: Callable[[datetime], object]
    pause: float
    due_at: float = float("-inf")


class Upkeep:
    """The duties of one process. Those that are done twice, by two processes, do no harm.

    Args:
        beat: writes the heartbeat.
    """

    def __init__(self, *, beat: Callable[[datetime], None]) -> None:
        self._duties = [
            # First: what a killed process left must be stored before anything is claimed.
            _Duty(lambda now: drain_orphans(now=now), pause=2),
            # What the crew keeps it tries again by itself; these are the others.
            _Duty(lambda now: store_own(seconds=OWN_SECONDS, now=now), pause=10),
            _Duty(beat, pause=5),
            _Duty(lambda now: expire_unused_links(now=now), pause=1),
            _Duty(lambda now: end_late_verifications(now=now), pause=1),
            _Duty(lambda now: warn_due(now=now), pause=30),
            _Duty(lambda now: retire_segments(now=now), pause=30),
            _Duty(lambda now: fold(now=now), pause=30),
            _Duty(lambda now: prune(now=now), pause=60),
        ]

    def run(self, now: datetime) -> None:
        """Do what is due.

        Raises:
            DATABASE_AWAY: the rest is done next time.
        """
        keeping.note_watch()
        for duty in self._duties:
            if time.monotonic() < duty.due_at:
                continue
            duty.due_at = time.monotonic() + duty.pause
            try:
                duty.work(now)
            except Exception as error:
                if isinstance(error, DATABASE_AWAY) and is_away(error):
                    duty.due_at = float("-inf")
                    raise
                # A duty that fails must not stop the refreshing.
                log.exception("upkeep_failed")
