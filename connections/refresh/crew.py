"""Calls under way, side by side: claimed and stored in one thread, made in others.

The calling threads touch no database. So an answer that arrives while the database is away stays
in memory (and, where it holds tokens, in the journal) until it can be stored.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Final, Self

import structlog
from django.db import connection

from integrations.database import DATABASE_AWAY, is_away

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from types import TracebackType

log = structlog.get_logger(__name__)

# A call older than that is waiting for a provider that hangs. It does not count against a lane's
# slots any more, so that it keeps nobody from being called; its thread stays with it.
YOUNG_SECONDS: Final = 2.0
MOST_THREADS: Final = 512
# For so long after the system gave no further thread, no more calls are claimed than it had given.
FEW_SECONDS: Final = 10.0
# How often, and with what pause, answers are tried to be stored at the end of a watch.
LAST_TRIES: Final = 60
LAST_PAUSE_SECONDS: Final = 1.0
# After so long answers that could not be stored are tried again.
AGAIN_SECONDS: Final = 0.1


@dataclass(kw_only=True)
class Lane:
    """One kind of work: how many calls at once, and how each is claimed, made and stored.

    Attributes:
        slots: calls under way that are younger than `YOUNG_SECONDS`.
        pause: seconds between two claims that find nothing.
        batch: free slots of a busy lane that are worth a claim before that.
        claim: takes up to so many jobs; runs in the crew's thread.
        call: does one job; runs in a thread of its own, touches no database and never raises.
        store: stores (job, answer) pairs and returns those that have to be stored again soon; runs
            in the crew's thread; may be repeated.
    """

    name: str
    slots: int
    claim: Callable[[int, datetime], Sequence[Any]]
    call: Callable[[Any], Any]
    store: Callable[[list[tuple[Any, Any]]], list[tuple[Any, Any]]]
    pause: float
    batch: int

    begun: dict[int, float] = field(default_factory=dict)
    answered: list[tuple[Any, Any]] = field(default_factory=list)
    claimed_at: float = float("-inf")

    @property
    def free(self) -> int:
        """How many more calls may begin."""
        since = time.monotonic() - YOUNG_SECONDS
        young = sum(began > since for began in self.begun.values())
        return self.slots - young - len(self.answered)

    @property
    def busy(self) -> bool:
        """Whether there are calls under way or answers to store."""
        return bool(self.begun or self.answered)


class Crew:
    """Calls under way. On leaving, their answers are waited for and stored."""

    def __init__(self, lanes: Sequence[Lane]) -> None:
        self.lanes = lanes
        self._pool = ThreadPoolExecutor(MOST_THREADS, thread_name_prefix="refresh")
        self._answers: SimpleQueue[tuple[Lane, int, Any, Any]] = SimpleQueue()
        self._numbers = 0
        # Whoever takes a job out of here does it: a thread, or the crew where there is none.
        self._waiting: dict[int, tuple[Lane, Any]] = {}
        self._has_threads = False
        self._most, self._few_until = MOST_THREADS, float("-inf")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._pool.shutdown()
        for _ in range(LAST_TRIES):
            self._settle_all()
            if not self.busy:
                return
            time.sleep(LAST_PAUSE_SECONDS)
        log.error("answers_not_stored", count=sum(len(lane.answered) for lane in self.lanes))

    @property
    def busy(self) -> bool:
        """Whether there are calls under way or answers to store."""
        return any(lane.busy for lane in self.lanes)

    @property
    def under_way(self) -> int:
        """How many calls have begun and not been answered."""
        return sum(len(lane.begun) for lane in self.lanes)

    def take_up(self, *, now: datetime) -> int:
        """Claim for the free slots of every lane and begin; return how many.

        What has come back is stored first: while the database was away a lease may have run out,
        and an account whose answer is here must not be called for again.

        Raises:
            DATABASE_AWAY: nothing was claimed.
        """
        self.settle(timeout=0)
        return sum(self._take_up(lane, now) for lane in self.lanes)

    def settle(self, *, timeout: float | None) -> int:
        """Wait up to ``timeout`` seconds for an answer; store what there is; return how many.

        Raises:
            DATABASE_AWAY: the answers are kept.
        """
        self._collect(timeout)
        count = 0
        for lane in self.lanes:
            if lane.answered:
                count += self._store(lane)
        return count

    def _store(self, lane: Lane) -> int:
        before = len(lane.answered)
        try:
            lane.answered = lane.store(lane.answered)
        except DATABASE_AWAY as error:
            if is_away(error):
                raise
            # A lock or a time-out of one lane's must not stop the others.
            log.warning("answers_wait", lane=lane.name, error=type(error).__name__)
        except Exception:
            log.exception("answers_not_stored_together", lane=lane.name, count=before)
            lane.answered = self._store_one_by_one(lane)
        return before - len(lane.answered)

    def _store_one_by_one(self, lane: Lane) -> list[tuple[Any, Any]]:
        """Store what can be stored, give the rest up, and return what has to wait.

        What is given up is claimed again once its lease ends; tokens stand in the journal.
        """
        waiting = []
        for pair in list(lane.answered):
            try:
                waiting += lane.store([pair])
            except DATABASE_AWAY as error:
                if is_away(error):
                    raise
                waiting.append(pair)
            except Exception:
                log.exception("answer_given_up", lane=lane.name)
        return waiting

    def _take_up(self, lane: Lane, now: datetime) -> int:
        free = min(lane.free, self._most_calls - self.under_way)
        waited = time.monotonic() - lane.claimed_at
        worth_it = waited >= lane.pause or (lane.busy and free >= lane.batch)
        if free <= 0 or not worth_it:
            return 0
        lane.claimed_at = time.monotonic()
        jobs = lane.claim(free, now)
        for job in jobs:
            self._begin(lane, job)
        if jobs:
            # There may be more of them.
            lane.claimed_at = float("-inf")
        return len(jobs)

    @property
    def _most_calls(self) -> int:
        return self._most if time.monotonic() < self._few_until else MOST_THREADS

    def _begin(self, lane: Lane, job: Any) -> None:
        self._numbers += 1
        number = self._numbers
        lane.begun[number] = time.monotonic()
        self._waiting[number] = lane, job
        try:
            self._pool.submit(self._work, number)
        except RuntimeError as error:
            self._do_with_few(number, error)
        else:
            self._has_threads = True

    def _do_with_few(self, number: int, error: RuntimeError) -> None:
        """Go on without the thread that the system did not give for a job: it is claimed already.

        The pool has queued it before it asked for a thread. Those that there are come to it, and
        its claim's end says whether it is still to be done by then.
        """
        if time.monotonic() >= self._few_until:
            log.warning("no_further_thread", calls=self.under_way, error=str(error))
            self._most = max(self.under_way - 1, 1)
        self._few_until = time.monotonic() + FEW_SECONDS
        if not self._has_threads:
            self._work(number)

    def _work(self, number: int) -> None:
        waiting = self._waiting.pop(number, None)
        if waiting is not None:
            lane, job = waiting
            self._answers.put((lane, number, job, lane.call(job)))

    def _collect(self, timeout: float | None) -> None:
        """Move answers to their lanes, waiting for the first one where none is there yet."""
        waiting = self.busy and timeout != 0
        if any(lane.answered for lane in self.lanes):
            # They could not be stored a moment ago.
            timeout = min(AGAIN_SECONDS, AGAIN_SECONDS if timeout is None else timeout)
        try:
            while True:
                answer = (
                    self._answers.get(timeout=timeout) if waiting else self._answers.get_nowait()
                )
                waiting = False
                lane, number, job, said = answer
                del lane.begun[number]
                lane.answered.append((job, said))
        except Empty:
            return

    def _settle_all(self) -> None:
        try:
            while self.busy and (self.settle(timeout=None) or self.under_way):
                pass
        except DATABASE_AWAY:
            connection.close()
