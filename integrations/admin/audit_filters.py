"""What narrows the audit trail: who, what was done, to which object, on which day."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Final

from django.contrib import admin
from django.utils import timezone

from integrations.admin.audited import WORDS
from integrations.admin.base import visible_rows
from integrations.admin.operations import OperationsAdmin
from integrations.admin.theme import DropdownFilter
from integrations.audit import signing_in
from integrations.ids import id_at
from integrations.models import AuditEntry

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest

# Whoever acted in so many of the newest entries is offered.
_RECENT: Final = 2000
_DAYS: Final = {"today": (0, 1), "yesterday": (-1, 1), "week": (-6, 7), "month": (-29, 30)}


class ActorFilter(DropdownFilter):
    """Entries of one person."""

    title = "person"
    parameter_name = "actor"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        rows = visible_rows(AuditEntry, request).exclude(actor_id="").order_by("-pk")
        newest = rows.values_list("actor_id", "actor_name")[:_RECENT]
        return sorted(dict(reversed(newest)).items(), key=lambda pair: pair[1].casefold())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(actor_id=self.value()) if self.value() else queryset


class ActionFilter(DropdownFilter):
    """Entries of one kind of action."""

    title = "action"
    parameter_name = "action"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return sorted(known_actions().items(), key=lambda pair: pair[1])

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(action=self.value()) if self.value() else queryset


class ObjectFilter(DropdownFilter):
    """Entries about one object: where the pages of objects lead to. Nobody chooses from all."""

    title = "object"
    parameter_name = "object"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        value = request.GET.get(self.parameter_name, "")
        return [(value, value.partition(":")[2] or value)] if value else []

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if not (value := self.value()):
            return queryset
        kind, _, key = value.partition(":")
        return queryset.filter(subject_type=kind, subject_id=key)


class DayFilter(DropdownFilter):
    """Entries of some days, in UTC; the address takes any day, as 2026-11-24."""

    title = "day"
    parameter_name = "day"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        value = request.GET.get(self.parameter_name, "")
        named = [
            ("today", "Today"),
            ("yesterday", "Yesterday"),
            ("week", "Last 7 days"),
            ("month", "Last 30 days"),
        ]
        return named if value in {"", *_DAYS} else [*named, (value, value)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if not (value := self.value()):
            return queryset
        if (range_ := days_of(value, today=timezone.now().date())) is None:
            return queryset.none()
        first, behind = (datetime.combine(day, time(), UTC) for day in range_)
        # Ids begin with the time, so the primary key finds them.
        return queryset.filter(pk__gte=id_at("au", first), pk__lt=id_at("au", behind))


def days_of(value: str, *, today: date) -> tuple[date, date] | None:
    """Return the first day that ``value`` names and the one behind the last; None: not a day."""
    if value in _DAYS:
        offset, length = _DAYS[value]
        first = today + timedelta(days=offset)
        return first, first + timedelta(days=length)
    try:
        first = date.fromisoformat(value)
        return first, first + timedelta(days=1)
    except (ValueError, OverflowError):
        return None


def known_actions() -> dict[str, str]:
    """Return code and words of everything that is recorded."""
    operations = {
        operation.name: operation.title
        for page in admin.site._registry.values()  # noqa: SLF001 - Django's name for it
        if isinstance(page, OperationsAdmin)
        for operation in page.operations
    }
    return {**operations, **WORDS, **signing_in.WORDS}
