"""Lists whose pages begin at a row: for tables that may hold a million rows."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from django.contrib.admin.views.main import ORDER_VAR, PAGE_VAR

from integrations.admin.base import BoundedList, ScopedAdmin
from integrations.counting import Count, estimate_rows
from integrations.places import Place, PlacedPage

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from django.db.models import QuerySet
    from django.http import HttpRequest

    from integrations.admin.theme import ChangeList

# What a person still reads as a number; beyond, statistics say about how many there are.
COUNTED: Final = 1000


class Shown:
    """What the templates ask a paginator for."""

    template_name = "admin/partials/places.html"

    def __init__(self, page: PlacedPage, rows: QuerySet[Any], per_page: int) -> None:
        self.page = page
        self.per_page = per_page
        self._rows = rows

    @cached_property
    def rows_there(self) -> Count:
        """How many rows the whole list has."""
        found = len(self.page.keys) if self.page.is_whole else self.page.count(COUNTED + 1)
        if found <= COUNTED:
            return Count(number=found, exact=True)
        return Count(number=max(estimate_rows(self._rows), found), exact=False)

    @property
    def count(self) -> int:
        """The number of rows, beyond `COUNTED` about."""
        return self.rows_there.number


class PlacedList(BoundedList):
    """A list that is paged by places. They stand where Django has the number of a page."""

    newer_url = older_url = first_url = ""
    by_age = True

    def get_ordering_field(self, field_name: Callable[..., Any] | str) -> Any:
        """Return the column to sort by; none that leads to another table: a place tells no such."""
        column = super().get_ordering_field(field_name)
        own = {field.name for field in self.lookup_opts.concrete_fields if not field.is_relation}
        return column if str(column).lstrip("-") in own else None

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[Any]:
        """Return one column and the key: a place tells no more."""
        ordering = super().get_ordering(request, queryset)
        return ordering if len(ordering) == 1 else [ordering[0], "-pk"]

    def get_results(self, request: HttpRequest) -> None:
        admin: Any = self.model_admin
        page = PlacedPage(
            self.queryset,
            place=Place.read(request.GET.get(PAGE_VAR, "")),
            size=self.list_per_page,
            parts=admin.parts_of(request, self.queryset),
        )
        shown = Shown(page, self.queryset, self.list_per_page)
        self.paginator: Any = shown
        self.result_list = page.rows
        self.result_count = self.full_result_count = shown.count
        self.show_full_result_count = self.can_show_all = self.multi_page = False
        self.show_admin_actions = True
        self.by_age = not page.order.column
        self.newer_url = self._url(page.earlier)
        self.older_url = self._url(page.later)
        self.first_url = self.get_query_string() if page.has_earlier else ""

    @property
    def words(self) -> dict[str, str]:
        """How the ways to other pages are called in this order."""
        if self.by_age and ORDER_VAR not in self.params:
            return {"first": "Newest", "newer": "Newer", "older": "Older"}
        return {"first": "First", "newer": "Previous", "older": "Next"}

    def _url(self, place: str) -> str:
        return self.get_query_string({PAGE_VAR: place}) if place else ""


class PlacedAdmin(ScopedAdmin):
    """A long list: newest first, from any place on."""

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return PlacedList

    def parts_of(self, request: HttpRequest, rows: QuerySet[Any]) -> Sequence[QuerySet[Any]]:
        """Return ``rows`` in parts, each with its order in an index; empty where they need none."""
        return self.parts_by_project(request, rows)
