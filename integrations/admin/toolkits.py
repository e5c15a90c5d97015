"""The catalog's toolkits in forms, filters and lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integrations.admin.base import MAX_FILTER_CHOICES, visible_rows
from integrations.admin.theme import DropdownFilter
from integrations.catalog import all_toolkits
from integrations.models import AuthConfig
from integrations.models.auth_config import Scheme

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest


def toolkit_choices() -> list[tuple[str, str]]:
    """Return slug and name of every toolkit, by name."""
    return sorted(((slug, kit.name) for slug, kit in all_toolkits().items()), key=lambda c: c[1])


def described_choices(request: HttpRequest) -> list[tuple[str, str]]:
    """Return slug and name of the services that the auth configs a person may see describe."""
    rows = visible_rows(AuthConfig, request).filter(service__isnull=False).order_by("-pk")
    pairs = rows.values_list("toolkit", "service__name")[:MAX_FILTER_CHOICES]
    return list({slug: (slug, name or slug) for slug, name in reversed(pairs)}.values())


class ToolkitFilter(DropdownFilter):
    """Narrow a list to one toolkit."""

    title = "toolkit"
    parameter_name = "toolkit"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return sorted(
            [*toolkit_choices(), *described_choices(request)], key=lambda c: c[1].casefold()
        )

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
