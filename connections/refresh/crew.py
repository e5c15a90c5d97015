"""Calls under way, side by side: claimed and stored in one thread, called in others.

The calling threads touch no database. So an answer that arrives while the database is away stays
in memory until it can be stored.
"""

from __future__ import annotations

import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Final, Self

import structlog
from django.db import InterfaceError, OperationalError, connection
from django.utils import timezone

from connections.models import Trigger
from connections.refresh.claim import claim_due
from connections.refresh.work import call_provider, store

if TYPE_CHECKING:
    from datetime import datetime
    from types import TracebackType

    from connections.refresh.claim import Claim
    from integrations.schemes import Verdict

log = structlog.get_logger(__name__)

# How many calls one process has under way.
SLOTS: Final = 32
# How long an answer is kept at the end of a watch while the database is away, and between tries.
LAST_TRIES: Final = 60
LAST_PAUSE_SECONDS: Final = 1.0


class Crew:
    """Up to `SLOTS` refreshes under way. On leaving, their answers are waited for and stored."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(max_workers=SLOTS, thread_name_prefix="refresh")
        self._under_way: dict[Future[Verdict], Claim] = {}

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
        log.error("answers_not_stored", count=len(self._under_way))

    def _settle_all(self) -> None:
        try:
            while self.busy:
                self.settle(timeout=None)
        except (OperationalError, InterfaceError):
            connection.close()

    @property
    def busy(self) -> bool:
        """Whether there are calls under way or answers to store."""
        return bool(self._under_way)

    def take_up(self, *, now: datetime) -> int:
        """Claim due accounts for the free slots and begin to call; return how many."""
        free = SLOTS - len(self._under_way)
        if free <= 0:
            return 0
        claims = claim_due(limit=free, trigger=Trigger.SCHEDULE, now=now)
        for claim in claims:
            self._under_way[self._pool.submit(call_provider, claim)] = claim
        return len(claims)

    def settle(self, *, timeout: float | None) -> int:
        """Wait up to ``timeout`` seconds for an answer; store what there is; return how many.

        Raises:
            OperationalError, InterfaceError: the database is away; the answers are kept.
        """
        done, _ = wait(self._under_way, timeout=timeout, return_when=FIRST_COMPLETED)
        for future in done:
            _store(self._under_way[future], future.result())
            del self._under_way[future]
        return len(done)


def _store(claim: Claim, verdict: Verdict) -> None:
    try:
        store(claim=claim, verdict=verdict, now=timezone.now())
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        # One account's surprise must not stop the others; its lease runs out.
        log.exception("refresh_not_stored", connected_account_id=claim.account.pk)
