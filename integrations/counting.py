"""Counts and pages of lists that may be long: exact while that is cheap, bounded beyond."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from django.core.paginator import Page, Paginator
from django.utils.functional import cached_property

if TYPE_CHECKING:
    from collections.abc import Sequence

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
    rows = rows.order_by().values("pk")
    found = rows[: EXACT_UP_TO + 1].count()
    if found <= EXACT_UP_TO:
        return Count(number=found, exact=True)
    # There are more than that, whatever old statistics may say.
    return Count(number=max(estimate_rows(rows), found), exact=False)


def estimate_rows(rows: QuerySet[Any]) -> int:
    """Return how many ``rows`` there are by PostgreSQL's statistics; nothing is counted."""
    estimate = _ROWS.search(rows.order_by().values("pk").explain())
    return int(estimate[1]) if estimate else 0


def last_page(per_page: int) -> int:
    """Return the number of the last page that a long list has."""
    return -(-EXACT_UP_TO // per_page)


def _short(number: int) -> str:
    """Return ``number`` in thousands or millions: an estimate is no better than that."""
    if number < 999_500:
        return f"{round(number / 1000)}k"
    return f"{number / 1_000_000:.1f}M"


class EstimatingPaginator(Paginator[Any]):
    """Pages of a list, of a long one the first `EXACT_UP_TO` rows: others a filter brings.

    Database and page take as long for the last page as for any: what stands before it is passed
    over in the index alone.
    """

    template_name = "admin/partials/pages.html"
    # The same rows in parts whose order an index has, newest first, where the whole has none.
    parts: Sequence[QuerySet[Any]] = ()

    @cached_property
    def rows_there(self) -> Count:
        """How many rows the whole list has."""
        return count_rows(cast("QuerySet[Any]", self.object_list))

    @cached_property
    def count(self) -> int:
        """The number of rows, beyond `EXACT_UP_TO` about."""
        return self.rows_there.number

    @cached_property
    def num_pages(self) -> int:
        """The number of pages that can be opened."""
        return min(int(super().num_pages), last_page(self.per_page))

    @property
    def reach(self) -> int:
        """How many rows the pages show at most."""
        return self.num_pages * self.per_page

    def page(self, number: int | str) -> Page[Any]:
        """Return a page. Raises InvalidPage where it does not exist."""
        number = self.validate_number(number)
        rows = cast("QuerySet[Any]", self.object_list)
        first = (number - 1) * self.per_page
        keys = self._keys(upto=first + self.per_page)[first:]
        return Page(rows.filter(pk__in=list(keys)), number, self)

    def _keys(self, *, upto: int) -> QuerySet[Any]:
        """Return the first primary keys in the list's order, of each part so many."""
        if not self.parts:
            rows = cast("QuerySet[Any]", self.object_list)
            return rows.values_list("pk", flat=True)[:upto]
        heads = [part.values_list("pk", flat=True)[:upto] for part in self.parts]
        return heads[0].union(*heads[1:], all=True).order_by("-pk")[:upto]
