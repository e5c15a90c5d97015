"""Drives deliveries: claims in this thread, POSTs in others, stores here again.

The threads touch no database, so a claim, its outcome and a test share one connection.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, Self

import structlog
from django.db import connection
from django.utils import timezone

from integrations.database import DATABASE_AWAY
from webhooks.claim import Claim, claim
from webhooks.outcome import record_outcome
from webhooks.posting import INTERNAL_ERROR, Answer, post, write_letter

if TYPE_CHECKING:
    from types import TracebackType

# How many POSTs one process has under way.
SLOTS: Final = 32

log = structlog.get_logger(__name__)


def deliver_due(*, now: datetime, limit: int | None = None, worker: str = "") -> int:
    """Deliver what is due at ``now``, and return how many attempts that took.

    What becomes free by a delivery, the next event of the same subject, is delivered too. What
    falls due meanwhile is left, so that this ends; the clock goes on all the same, or leases would
    be over and signatures old as they are made.

    Args:
        limit: how many attempts to make at the most.
        worker: who does it, for the log.
    """
    attempts, began = 0, time.monotonic()
    with Deliverer(worker=worker) as deliverer:
        while True:
            room = SLOTS if limit is None else min(SLOTS, limit - attempts)
            current = now + timedelta(seconds=time.monotonic() - began)
            attempts += deliverer.start(now=current, due_at=now, limit=room, failing_limit=room)
            if not deliverer.busy:
                return attempts
            deliverer.settle(timeout=None)


def watch(*, seconds: float | None, pause: float, stop: threading.Event) -> int:
    """Deliver what falls due, until ``seconds`` have passed or ``stop`` is set.

    Args:
        seconds: None means until ``stop``.
        pause: seconds between two looks at the outbox while nothing happens.

    Returns:
        How many attempts were made. POSTs under way at the end are waited for.
    """
    ends = time.monotonic() + seconds if seconds is not None else float("inf")
    attempts = 0
    with Deliverer() as deliverer:
        while not stop.is_set() and time.monotonic() < ends:
            try:
                attempts += deliverer.start(now=timezone.now())
                if deliverer.busy:
                    deliverer.settle(timeout=pause)
                    continue
            except DATABASE_AWAY as error:
                # It may be back in a moment; outcomes that could not be stored are kept till then.
                log.warning("deliverer_lost_database", error=type(error).__name__)
                connection.close()
            stop.wait(pause)
    return attempts


class Deliverer:
    """Up to `SLOTS` POSTs under way. On leaving, those that are get their outcome stored."""

    def __init__(self, *, worker: str = "") -> None:
        self._worker = worker or f"{socket.gethostname()}:{os.getpid()}"
        self._pool = ThreadPoolExecutor(max_workers=SLOTS, thread_name_prefix="webhooks")
        self._under_way: dict[Future[Answer], Claim] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            while self.busy and error is None:
                self.settle(timeout=None)
        finally:
            self._pool.shutdown()

    @property
    def busy(self) -> bool:
        """Whether there are POSTs under way."""
        return bool(self._under_way)

    def start(
        self,
        *,
        now: datetime,
        due_at: datetime | None = None,
        limit: int = SLOTS,
        failing_limit: int | None = None,
    ) -> int:
        """Claim for the free slots and begin to POST; return how many.

        Args:
            due_at: take only what was due at that time; at ``now`` unless given.
            failing_limit: how many may go to failing endpoints; half of what is free unless
                given, so that they never take the last slot.
        """
        free = min(limit, SLOTS - len(self._under_way))
        if free <= 0:
            return 0
        share = free // 2 if failing_limit is None else failing_limit
        claims = claim(now=now, due_at=due_at, limit=free, failing_limit=share)
        for claimed in claims:
            self._under_way[self._pool.submit(_hand_over, claimed, now=now)] = claimed
        return len(claims)

    def settle(self, *, timeout: float | None) -> None:
        """Wait for a POST to end, ``timeout`` seconds at the most, and store what has come back."""
        done, _ = wait(self._under_way, timeout=timeout, return_when=FIRST_COMPLETED)
        for future in done:
            claimed, answer = self._under_way[future], future.result()
            record_outcome(
                claim=claimed,
                answer=answer,
                now=claimed.attempt.started_at + timedelta(seconds=answer.elapsed),
                worker=self._worker,
            )
            del self._under_way[future]


def _hand_over(claimed: Claim, *, now: datetime) -> Answer:
    """Write and send. An error that nobody foresaw costs this delivery an attempt, no other one."""
    try:
        letter = write_letter(claimed.delivery, now=now)
        return letter if isinstance(letter, Answer) else post(letter)
    except Exception as error:  # noqa: BLE001 - see above
        # Without the text and the traceback: they may hold what we sent.
        name = type(error).__name__
        log.error("webhook_attempt_broke", delivery=claimed.delivery.pk, error=name)  # noqa: TRY400
        return Answer(error_code=INTERNAL_ERROR)
