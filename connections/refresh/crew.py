"""Calls under way, side by side: claimed and stored in one thread, made in others.

The calling threads touch no database. So an answer that arrives while the database is away stays
in memory until it can be stored.
"""

from __future__ import annotations

import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Self

import structlog
from django.db import connection
from django.utils import timezone

from connections import revoking
from connections.models import Trigger
from connections.refresh.claim import claim_due
from connections.refresh.work import call_provider, store
from integrations.database import DATABASE_AWAY

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from types import TracebackType

    from connections.refresh.claim import Claim
    from integrations.schemes import Verdict

log = structlog.get_logger(__name__)

# How many refreshes and revocations one process has under way.
SLOTS: Final = 32
REVOCATION_SLOTS: Final = 8
# How often, and with what pause, answers are tried to be stored at the end of a watch.
LAST_TRIES: Final = 60
LAST_PAUSE_SECONDS: Final = 1.0


class Crew:
    """Calls under way. On leaving, their answers are waited for and stored."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(SLOTS + REVOCATION_SLOTS, thread_name_prefix="refresh")
        self._refreshes: dict[Future[Any], Callable[[Any], None]] = {}
        self._revocations: dict[Future[Any], Callable[[Any], None]] = {}

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

    @property
    def _under_way(self) -> set[Future[Any]]:
        return {*self._refreshes, *self._revocations}

    @property
    def busy(self) -> bool:
        """Whether there are calls under way or answers to store."""
        return bool(self._refreshes or self._revocations)

    def take_up(self, *, now: datetime) -> int:
        """Claim due refreshes and revocations for the free slots and begin; return how many.

        What has come back is stored first: while the database was away a lease may have run out,
        and an account whose answer is here must not be called for again.

        Raises:
            DATABASE_AWAY: nothing was claimed.
        """
        self.settle(timeout=0)
        return self._take_up_refreshes(now) + self._take_up_revocations(now)

    def settle(self, *, timeout: float | None) -> int:
        """Wait up to ``timeout`` seconds for an answer; store what there is; return how many.

        Raises:
            DATABASE_AWAY: the answers are kept.
        """
        done, _ = wait(self._under_way, timeout=timeout, return_when=FIRST_COMPLETED)
        for future in done:
            jobs = self._refreshes if future in self._refreshes else self._revocations
            jobs[future](future.result())
            del jobs[future]
        return len(done)

    def _take_up_refreshes(self, now: datetime) -> int:
        free = SLOTS - len(self._refreshes)
        claims = claim_due(limit=free, trigger=Trigger.SCHEDULE, now=now) if free else []
        for claim in claims:
            self._refreshes[self._pool.submit(call_provider, claim)] = partial(_store, claim)
        return len(claims)

    def _take_up_revocations(self, now: datetime) -> int:
        free = REVOCATION_SLOTS - len(self._revocations)
        claimed = revoking.claim_due(limit=free, now=now) if free else []
        for revocation in claimed:
            future = self._pool.submit(revoking.revoke, revocation)
            self._revocations[future] = partial(revoking.finish, revocation)
        return len(claimed)

    def _settle_all(self) -> None:
        try:
            while self.busy:
                self.settle(timeout=None)
        except DATABASE_AWAY:
            connection.close()


def _store(claim: Claim, verdict: Verdict) -> None:
    try:
        store(claim=claim, verdict=verdict, now=timezone.now())
    except DATABASE_AWAY:
        raise
    except Exception:
        # One account's surprise must not stop the others; its lease runs out.
        log.exception("refresh_not_stored", connected_account_id=claim.account.pk)
