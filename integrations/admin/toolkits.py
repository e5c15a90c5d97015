"""The catalog's toolkits in forms, filters and lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integrations.admin.theme import DropdownFilter
from integrations.catalog import UnknownToolkit, all_toolkits, get_toolkit
from integrations.models.auth_config import Scheme

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest


def toolkit_choices() -> list[tuple[str, str]]:
    """Return slug and name of every toolkit, by name."""
    return sorted(((slug, kit.name) for slug, kit in all_toolkits().items()), key=lambda c: c[1])


def toolkit_name(slug: str) -> str:
    """Return the toolkit's name, or its slug where the catalog has lost it."""
    try:
        return get_toolkit(slug).name
    except UnknownToolkit:
        return slug


class ToolkitFilter(DropdownFilter):
    """Narrow a list to one toolkit."""

    title = "toolkit"
    parameter_name = "toolkit"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return toolkit_choices()

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(toolkit=self.value()) if self.value() else queryset


class SchemeFilter(DropdownFilter):
    """Narrow a list to one way to authenticate."""

    title = "scheme"
    parameter_name = "scheme"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(value), str(label)) for value, label in Scheme.choices]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(scheme=self.value()) if self.value() else queryset
