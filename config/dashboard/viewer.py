"""Who looks at the overview, what she may see, and the facts that several blocks tell of."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from django.contrib.admin.utils import quote
from django.urls import reverse

from connections import tallies
from connections.endings import SEALED, Ending, count_endings, is_moved_in_time
from connections.health import read_health
from connections.models import AccountTally, RefreshTally
from integrations.models import AuthConfig
from integrations.models.scoping import projects_of, sees_every_project

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User
    from django.db.models import QuerySet

    from connections.health import RefreshHealth
    from connections.tallies import Standing, Work

ACCOUNTS: Final = "connections.view_connectedaccount"
BREAKERS: Final = "connections.view_breaker"
CONFIGS: Final = "integrations.view_authconfig"
ENDPOINTS: Final = "webhooks.view_endpoint"
EVENTS: Final = "webhooks.view_event"
WORKERS: Final = "connections.view_worker"
# Error rates are of that time.
LATELY: Final = timedelta(hours=1)


class Viewer:
    """A person, the moment, and what was read for her: each fact once, and not before it is asked.

    Args:
        period: of the chart, as the address names it.
    """

    def __init__(self, user: User | AnonymousUser, *, now: datetime, period: str = "") -> None:
        self.user = user
        self.now = now
        self.period = period

    def may(self, *permissions: str) -> bool:
        """Whether the person has all of ``permissions``."""
        return self.user.has_perms(permissions)

    @cached_property
    def projects(self) -> list[str] | None:
        """The ids of the projects that she sees; None: all."""
        return None if sees_every_project(self.user) else projects_of(self.user)

    def rows(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Narrow rows that belong to projects to hers."""
        return rows if self.projects is None else rows.filter(project__in=self.projects)

    @cached_property
    def standings(self) -> list[Standing]:
        """How many accounts of hers there are, by auth config, status and trouble."""
        return tallies.standings(self.rows(AccountTally.objects.all()), now=self.now)

    @cached_property
    def work(self) -> dict[str, Work]:
        """How refreshes ended within the last hour, by auth config."""
        rows = self.rows(RefreshTally.objects.all())
        return tallies.work_of(rows, since=self.now - LATELY)

    @cached_property
    def configs(self) -> dict[str, AuthConfig]:
        """Her auth configs by id, without their secrets."""
        rows = self.rows(AuthConfig.objects.order_by("pk")).select_related("project", "managed_app")
        return {config.pk: config for config in rows.defer(*SEALED)}

    @cached_property
    def endings(self) -> list[Ending]:
        """What will end within the next 14 days."""
        rows = self.rows(AccountTally.objects.all())
        moved = {pk for pk, config in self.configs.items() if is_moved_in_time(config)}
        return count_endings(rows, moved=moved, now=self.now)

    @cached_property
    def health(self) -> RefreshHealth:
        """How refreshing goes, of her projects."""
        return read_health(now=self.now, projects=self.projects)

    @cached_property
    def is_new_here(self) -> bool:
        """Whether she may see accounts, and none was ever made."""
        return self.may(ACCOUNTS) and not self.standings

    def count(self, status: str, *, failing: bool | None = None) -> tuple[int, int]:
        """Return how many accounts have ``status``, and the change over the last day."""
        alike = [
            standing
            for standing in self.standings
            if standing.status == status and failing in {None, standing.failing}
        ]
        return sum(each.number for each in alike), sum(each.change for each in alike)

    @cached_property
    def living(self) -> dict[str, int]:
        """How many accounts there are by auth config, less the deleted ones."""
        found: dict[str, int] = defaultdict(int)
        for standing in self.standings:
            if standing.status != "DELETED":
                found[standing.auth_config_id] += standing.number
        return found


def list_of(model: str, **query: str | int) -> str:
    """Return the address of a list; ``model`` is ``app_name`` as the admin has it."""
    url = reverse(f"admin:{model}_changelist")
    return f"{url}?{urlencode(query)}" if query else url


def page_of(model: str, pk: str) -> str:
    """Return the address of a row's page."""
    return reverse(f"admin:{model}_change", args=[quote(pk)])


def accounts_url(**query: str | int) -> str:
    """Return the address of the list of accounts, filtered."""
    return list_of("connections_connectedaccount", **query)
