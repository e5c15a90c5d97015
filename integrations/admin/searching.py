"""Search in long lists: each way to find a row is a question of its own that an index answers.

Django asks for all of them at once, and a query that may match here or there reads every row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.contrib import messages

from integrations.admin.base import ScopedAdmin

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import Q, QuerySet
    from django.http import HttpRequest

# Nobody reads more; who finds so many knows a longer part of what is sought.
MOST_FOUND: Final = 200


class IndexedSearchAdmin(ScopedAdmin):
    """Finds rows by the beginnings of their ids and names."""

    def ways(self, request: HttpRequest, term: str) -> Iterable[Q]:
        """Return the conditions of which a row found by ``term`` meets one, each with an index."""
        raise NotImplementedError

    def most_found(self, request: HttpRequest) -> int:
        """Return how many rows each way finds at most."""
        return MOST_FOUND

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Narrow to what was found, of each way at most `most_found`; a list tells of more."""
        term = search_term.strip()
        if not term:
            return queryset, False
        found: set[str] = set()
        more, most = False, self.most_found(request)
        rows = queryset.order_by().values_list("pk", flat=True)
        for way in self.ways(request, term):
            keys = list(rows.filter(way)[: most + 1])
            more = more or len(keys) > most
            found |= set(keys[:most])
        if more and request.method == "GET":
            messages.info(
                request,
                f"More than {most} begin like that: here are some of them. A longer "
                "beginning finds the one you look for.",
            )
        return queryset.filter(pk__in=found), False
