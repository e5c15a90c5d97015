"""What all workers know of one provider's endpoint, or of one auth config there."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, ClassVar, Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

if TYPE_CHECKING:
    from collections.abc import Iterable

# A doubt in which nothing was refused for so long has ended unseen.
FORGOTTEN = timedelta(hours=2)
# An open one that nobody came to for so long stands for an address that is called no more.
ABANDONED = timedelta(days=1)
# Seconds for which it is open the first, second, ... time in a row; the last one repeats.
PAUSES = (5, 10, 20, 40, 60)


class BreakerQuerySet(models.QuerySet["Breaker"]):
    """Breakers by what they let through."""

    def open(self) -> Self:
        """Those whose endpoint is not to be called now, by the database's clock."""
        waiting = Q(open_until__gt=Now()) | Q(trial_until__gt=Now())
        return self.filter(waiting, opened_at__isnull=False)

    def doubted(self) -> Self:
        """Those whose refusals of grants are not believed, if anything was refused lately."""
        return self.filter(doubted_since__isnull=False, last_failure_at__gt=Now() - FORGOTTEN)

    def abandoned(self) -> Self:
        """Those that are open although no trial has failed for long: nobody makes one."""
        return self.filter(opened_at__isnull=False, last_failure_at__lt=Now() - ABANDONED)

    def of(self, endpoints: Iterable[str]) -> Self:
        """Those of the endpoints named."""
        return self.filter(pk__in=list(endpoints))


class Breaker(models.Model):
    """Stops calls to an endpoint that fails, for all projects and processes at once.

    Closed (``opened_at`` is null) it lets everything through. It opens after failures in a row
    and is open until ``open_until``. Then one call goes as a trial, under a lease
    (``trial_until``): its success closes the breaker, its failure opens it for longer.
    """

    # An origin, such as https://oauth2.googleapis.com, or an auth config's or a managed app's id,
    # or both: see connections.refresh.endpoints. Those of identity calls end in " (identity)".
    endpoint = models.CharField(primary_key=True, max_length=300)
    failures = models.PositiveIntegerField(default=0)
    openings = models.PositiveIntegerField(default=0)
    opened_at = models.DateTimeField(null=True)
    open_until = models.DateTimeField(null=True)
    trial_until = models.DateTimeField(null=True)
    error_code = models.CharField(max_length=100, blank=True)
    last_success_at = models.DateTimeField(null=True)
    last_failure_at = models.DateTimeField(null=True)
    # Since when its refusals are not believed, and what it said last: [time, account, accepted],
    # kept from a first refusal on. See connections.refresh.doubts.
    doubted_since = models.DateTimeField(null=True)
    answers = models.JSONField(default=list, blank=True)

    objects: ClassVar = BreakerQuerySet.as_manager()

    class Meta:
        ordering = ["endpoint"]

    def __str__(self) -> str:
        return self.endpoint

    def open_again(self, *, at_least: float, now: datetime) -> float:
        """Open it, for longer the more often in a row; return for how many seconds.

        Args:
            at_least: seconds that the provider wishes to be left alone.
        """
        pause = PAUSES[min(self.openings, len(PAUSES) - 1)] * random.uniform(0.9, 1.1)  # noqa: S311
        seconds = max(pause, at_least)
        self.openings += 1
        self.opened_at = self.opened_at or now
        # By the database's clock: a wrong one here would close the endpoint to everybody for long.
        self.open_until = Now() + timedelta(seconds=seconds)
        self.trial_until = None
        return seconds

    def is_waiting(self, *, now: datetime) -> bool:
        """Whether it lets nothing through yet."""
        return self.open_until is not None and self.open_until > now
