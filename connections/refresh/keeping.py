"""Looks after the journal in a process that runs no watch: a web server's above all.

Such a process journals too. What it was answered while the database was away it stores as soon as
that is back; what a killed process of its host left it stores before the lease runs out and another
host calls with a spent token; its old segments it removes; and it tells which keys are in there.
A thread of its own does that, because requests come when they come. While nothing was journalled
and nobody died it reads the folder's names every two seconds, and asks the database nothing but, at
its beginning, whether an earlier process of the host told of keys: that has to be taken back.
"""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass, field
from typing import Final

import structlog
from django.db import connection
from django.utils import timezone

from connections import journal, journal_keys
from connections.refresh.reconciling import drain_orphans, retire_segments, store_own
from integrations.database import DATABASE_AWAY, is_away

log = structlog.get_logger(__name__)

LOOK_SECONDS: Final = 2.0
RETIRE_SECONDS: Final = 30.0
# A request stores its own answer within that time, unless something is in the way.
OWN_SECONDS: Final = 2.0
# A watch in this process does all of it itself, from its first round on.
WATCHED_SECONDS: Final = 10.0


@dataclass
class Round:
    """What one process's thread does, again and again, and when each thing is due (monotonic)."""

    retire_at: float = float("-inf")
    tell_at: float = float("-inf")
    # Whether there is anything in the journal, or it has to be told that nothing is any more. None:
    # an earlier process may have told of something; it has to be looked up.
    worth_telling: bool | None = None
    away: bool = False

    def do(self) -> None:
        """Do what is due. Never raises; what failed is tried again the next time."""
        try:
            self._do(time.monotonic())
            self.away = False
        except Exception as error:
            if not (isinstance(error, DATABASE_AWAY) and is_away(error)):
                log.exception("journal_keeper_failed")
            elif not self.away:
                log.warning("journal_keeper_lost_database", error=type(error).__name__)
                self.away = True
        finally:
            connection.close()

    def _do(self, moment: float) -> None:
        now = timezone.now()
        store_own(seconds=OWN_SECONDS, now=now)
        drain_orphans(now=now)
        if moment >= self.retire_at:
            retire_segments(now=now)
            self.retire_at = moment + RETIRE_SECONDS
        if moment >= self.tell_at:
            self._tell()
            self.tell_at = moment + journal_keys.COUNT_SECONDS

    def _tell(self) -> None:
        there = journal.has_appended() and journal.size()[0] > 0
        if self.worth_telling is None:
            self.worth_telling = journal_keys.is_told_of()
        if not (there or self.worth_telling):
            return
        # Of all processes of a host one is enough.
        if not journal_keys.told_lately():
            journal_keys.tell()
        self.worth_telling = there or journal_keys.is_told_of()


@dataclass
class _Keeper:
    """The thread of this process, once it is started."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    started: bool = False
    watched_at: float = float("-inf")

    @property
    def is_watched(self) -> bool:
        """Whether a watch of this process looks after the journal, and does not hang."""
        return time.monotonic() - self.watched_at < WATCHED_SECONDS

    def start(self) -> None:
        with self.lock:
            if self.started:
                return
            try:
                threading.Thread(target=self._run, name="journal", daemon=True).start()
            except RuntimeError as error:
                # No room for a thread, or the process ends. The next call tries again.
                log.warning("journal_not_kept", error=type(error).__name__)
            else:
                self.started = True

    def _run(self) -> None:
        rounds = Round()
        while True:
            if not self.is_watched:
                rounds.do()
            time.sleep(LOOK_SECONDS)


_keeper = _Keeper()


def keep_journal() -> None:
    """Have the journal looked after for as long as this process lives, by a thread of its own.

    The thread ends with the process and keeps it from nothing. A forked child begins its own.
    """
    if not _keeper.started:
        _keeper.start()


def note_watch() -> None:
    """Leave the journal to this process's watch for the next seconds."""
    _keeper.watched_at = time.monotonic()


def _begin_anew_in_child() -> None:
    # Threads do not survive a fork, and this lock may be held by one of them.
    global _keeper  # noqa: PLW0603 - one per process
    _keeper = _Keeper()


os.register_at_fork(after_in_child=_begin_anew_in_child)
