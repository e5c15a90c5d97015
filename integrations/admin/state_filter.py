"""Narrows a list of clients by what their provider says of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integrations.admin.theme import DropdownFilter

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest


class ClientStateFilter(DropdownFilter):
    """Those that their provider refuses, or those that it takes."""

    title = "provider"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("refused", "Refuses the client"), ("fine", "Takes the client")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() not in {"refused", "fine"}:
            return queryset
        return queryset.filter(misconfigured_since__isnull=self.value() == "fine")
