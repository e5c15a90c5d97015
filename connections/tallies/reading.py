"""Reads the tallies: how many accounts there are, and how refreshes ended."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.db.models import Max, Q, Sum
from django.db.models.functions import Coalesce

from connections.models import AccountTally, RefreshOutcome, RefreshTally

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet

DAY: Final = timedelta(days=1)
# The provider, the network or the auth config is at fault, and it is tried again.
FAILURES: Final = frozenset(
    {RefreshOutcome.TRANSIENT, RefreshOutcome.IN_DOUBT, RefreshOutcome.CONFIGURATION}
)


@dataclass(frozen=True, kw_only=True)
class Standing:
    """So many accounts of an auth config have this status; ``change``: over the last day."""

    auth_config_id: str
    status: str
    failing: bool
    number: int
    change: int


@dataclass(frozen=True, kw_only=True)
class Work:
    """How an auth config's refreshes ended since a moment, and when one last went well.

    Attributes:
        ended: grants that the provider declared dead: an answer, and no failure.
        last_success_at: None where none is remembered.
    """

    stored: int = 0
    failed: int = 0
    ended: int = 0
    last_success_at: datetime | None = None

    @property
    def error_rate(self) -> float | None:
        """The share of failures; None where nothing was tried."""
        tried = self.stored + self.failed + self.ended
        return self.failed / tried if tried else None


def standings(rows: QuerySet[AccountTally], *, now: datetime) -> list[Standing]:
    """Return how many accounts there are, by auth config, status and whether refreshing fails."""
    lately = Sum("delta", filter=Q(hour__gt=now - DAY))
    counted = rows.order_by().values_list("auth_config_id", "status", "failing")
    found = counted.annotate(number=Sum("delta"), change=Coalesce(lately, 0))
    return [
        Standing(auth_config_id=config, status=status, failing=failing, number=sum_, change=change)
        for config, status, failing, sum_, change in found
        if sum_ or change
    ]


def refreshes_by_minute(
    rows: QuerySet[RefreshTally], *, since: datetime
) -> dict[datetime, dict[str, int]]:
    """Return how many refreshes ended how, by minute or what minutes were folded into."""
    found: dict[datetime, dict[str, int]] = defaultdict(dict)
    counted = rows.filter(at__gte=since).order_by().values_list("at", "outcome")
    for at, outcome, count in counted.annotate(sum=Sum("count")):
        found[at][outcome] = count
    return found


def work_of(rows: QuerySet[RefreshTally], *, since: datetime) -> dict[str, Work]:
    """Return how each auth config's refreshes ended since then."""
    stored, lately = Q(outcome=RefreshOutcome.STORED), Q(at__gte=since)
    found = (
        rows.order_by()
        .values_list("auth_config_id")
        .annotate(
            stored=Coalesce(Sum("count", filter=stored & lately), 0),
            failed=Coalesce(Sum("count", filter=Q(outcome__in=FAILURES) & lately), 0),
            ended=Coalesce(Sum("count", filter=Q(outcome=RefreshOutcome.TERMINAL) & lately), 0),
            last=Max("last_at", filter=stored),
        )
    )
    return {
        config: Work(stored=stored, failed=failed, ended=ended, last_success_at=last)
        for config, stored, failed, ended, last in found
    }
