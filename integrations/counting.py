"""Counts for pages: exact while that is cheap, the planner's estimate for more."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from django.core.paginator import Paginator
from django.utils.functional import cached_property

if TYPE_CHECKING:
    from django.db.models import QuerySet

# Beyond that nobody counts along, and counting a million rows takes a good part of a second.
EXACT_UP_TO: Final = 10_000
_ROWS = re.compile(r"\brows=(\d+)")


@dataclass(frozen=True, kw_only=True)
class Count:
    """How many rows there are, or about how many."""

    number: int
    exact: bool

    def __str__(self) -> str:
        return f"{self.number:,}" if self.exact else f"≈ {_short(self.number)}"


def count_rows(rows: QuerySet[Any]) -> Count:
    """Count ``rows`` up to `EXACT_UP_TO`; beyond, return what PostgreSQL's statistics say."""
    rows = rows.order_by()
    found = rows.values("pk")[: EXACT_UP_TO + 1].count()
    if found <= EXACT_UP_TO:
        return Count(number=found, exact=True)
    estimate = _ROWS.search(rows.explain())
    # There are more than that, whatever old statistics may say.
    return Count(number=max(int(estimate[1]) if estimate else 0, found), exact=False)


def _short(number: int) -> str:
    """Return ``number`` in thousands or millions: an estimate is no better than that."""
    if number < 999_500:
        return f"{round(number / 1000)}k"
    return f"{number / 1_000_000:.1f}M"


class EstimatingPaginator(Paginator[Any]):
    """Pages of a long list: how many there are is counted or estimated."""

    @cached_property
    def count(self) -> int:
        """The number of rows, beyond `EXACT_UP_TO` about."""
        return count_rows(cast("QuerySet[Any]", self.object_list)).number
