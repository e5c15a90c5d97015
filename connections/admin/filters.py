"""Filters of the list of accounts."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from django.utils import timezone

from connections.endings import ending_accounts, moved_in_time
from connections.models import ConnectedAccount, Reason, Status
from connections.refresh.queries import due_configs
from integrations.admin.theme import DropdownFilter
from integrations.admin.toolkits import ToolkitFilter
from integrations.ids import id_at
from integrations.models import AuthConfig

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest


# The parameter of the filter by auth config, as Django calls it.
AUTH_CONFIG: Final = "auth_config__id__exact"


class StatusFilter(DropdownFilter):
    """One status; without a choice all but the deleted ones."""

    title = "status"
    parameter_name = "status"
    all_option = ("", "All but deleted")

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(value), str(label)) for value, label in Status.choices]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[ConnectedAccount]
    ) -> QuerySet[ConnectedAccount]:
        if self.value():
            return queryset.filter(status=self.value())
        return queryset.exclude(status=Status.DELETED)


class ReasonFilter(DropdownFilter):
    """Why the account has its status."""

    title = "reason"
    parameter_name = "reason"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(value), str(label)) for value, label in Reason.choices]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[ConnectedAccount]
    ) -> QuerySet[ConnectedAccount]:
        return queryset.filter(status_reason=self.value()) if self.value() else queryset


class HealthFilter(DropdownFilter):
    """Active accounts by how refreshing goes: derived from the row's facts."""

    title = "refreshing"
    parameter_name = "refreshing"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            ("failing", "Failing"),
            ("doubt", "In doubt"),
            ("due", "Due by now"),
            ("fine", "Fine"),
        ]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[ConnectedAccount]
    ) -> QuerySet[ConnectedAccount]:
        active = queryset.filter(status=Status.ACTIVE)
        if self.value() == "doubt":
            return active.filter(in_doubt_since__isnull=False)
        if self.value() == "due":
            now = timezone.now()
            # Named, so that the index of due times is used: it has the configs first.
            configs = [config for config, _ in due_configs(now=now)]
            return active.filter(auth_config__in=configs, refresh_at__lte=now)
        if self.value() in {"failing", "fine"}:
            return active.filter(refresh_failing_since__isnull=self.value() == "fine")
        return queryset


class EndFilter(DropdownFilter):
    """Active accounts whose grants will end by themselves, as the overview counts them."""

    title = "grant ends"
    parameter_name = "ends"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("1", "Today"), ("7", "Within 7 days"), ("14", "Within 14 days")]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[ConnectedAccount]
    ) -> QuerySet[ConnectedAccount]:
        chosen = self.value()
        if chosen not in {"1", "7", "14"}:
            return queryset
        moved = moved_in_time(AuthConfig.objects.visible_to(request.user))
        window = timedelta(days=int(chosen))
        return ending_accounts(queryset, moved=moved, now=timezone.now(), window=window)


class AgeFilter(DropdownFilter):
    """How long ago the account was made, which its id tells."""

    title = "made"
    parameter_name = "age"
    _DAYS: Final = {"1": "Last 24 hours", "7": "Last 7 days", "30": "Last 30 days"}

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [*self._DAYS.items(), ("older", "More than 30 days ago")]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[ConnectedAccount]
    ) -> QuerySet[ConnectedAccount]:
        chosen = self.value()
        if chosen not in {*self._DAYS, "older"}:
            return queryset
        days = 30 if chosen == "older" else int(chosen)
        then = id_at("ca", timezone.now() - timedelta(days=days))
        return queryset.filter(pk__lt=then) if chosen == "older" else queryset.filter(pk__gte=then)


def configs_of(toolkit: str, request: HttpRequest) -> list[str]:
    """Return the auth configs of a toolkit that a person may see."""
    configs = AuthConfig.objects.visible_to(request.user).filter(toolkit=toolkit)
    return list(configs.values_list("pk", flat=True))


class AccountToolkitFilter(ToolkitFilter):
    """One toolkit's accounts, found through its auth configs: those are few, and have an index."""

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[ConnectedAccount]
    ) -> QuerySet[ConnectedAccount]:
        chosen = self.value()
        return queryset.filter(auth_config__in=configs_of(chosen, request)) if chosen else queryset
