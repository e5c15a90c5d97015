"""The overview at ``/admin/``: how the accounts stand, what is at fault, what happened last.

Each number counts what its link lists, and only what the person may see; a large one is an
estimate.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.db.models import Q
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils import timezone

from connections.health import Problem, RefreshHealth, read_health
from connections.models import ConnectedAccount, Status
from connections.wording import STATUS_TONES
from integrations.admin.marks import Tone, badge
from integrations.counting import Count, count_rows
from integrations.models import AuthConfig, ManagedApp
from integrations.models.managed_app import OWN_FAULTS
from integrations.moments import span
from webhooks.models import Event

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User
    from django.db.models import QuerySet
    from django.http import HttpRequest

# What works, what waits for somebody, what ended; the labels fit a tile.
_TILES = {
    Status.ACTIVE: "Active",
    Status.INITIATED: "Waiting",
    Status.EXPIRED: "Expired",
    Status.FAILED: "Failed",
    Status.INACTIVE: "Disabled",
    Status.REVOKED: "Revoked",
}
NEWEST_EVENTS = 10
SHOWN_FAULTS = 10


@dataclass(frozen=True, kw_only=True)
class Tile:
    """A number with the list behind it."""

    label: str
    count: Count
    url: str
    tone: str


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One thing about refreshing, with the list behind it where there is one."""

    label: str
    text: str
    tone: Tone = Tone.QUIET
    url: str = ""


_STANDINGS = {
    "ok": ("Fine", Tone.GOOD),
    "degraded": ("Look at it", Tone.WARN),
    "failing": ("Failing", Tone.BAD),
}
_ADVICE = {
    Problem.NO_WORKER: "No worker is running, so nothing is refreshed and tokens run out. Start "
    "`manage.py refresh_due --watch`, or see why the job runner does not watch.",
    Problem.LATE: "Accounts wait longer than they should. Look at the workers' load, or start "
    "another one.",
    Problem.BREAKER_OPEN: "A provider fails, so its accounts wait; their tokens are served while "
    "they live.",
    Problem.MISCONFIGURED: "A provider refuses an auth config: its accounts wait until somebody "
    "corrects it.",
    Problem.JOURNAL: "A worker cannot write its journal. Refreshes go on, but a worker that is "
    "killed now may lose a grant: free the disk or correct the folder's rights.",
}


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Return ``context`` with the overview's blocks, those the person may see."""
    user = request.user
    if user.has_perm("connections.view_connectedaccount"):
        context["tiles"] = _tiles(user)
    if user.has_perm("connections.view_worker"):
        health = read_health(now=timezone.now())
        context["refreshing"] = _refreshing(health, sees_breakers=_sees_breakers(user))
        context["refreshing_standing"] = badge(*_STANDINGS[health.status])
        context["refreshing_advice"] = [_ADVICE[problem] for problem in health.problems]
    if user.has_perm("integrations.view_authconfig"):
        context["misconfigured"] = _misconfigured(user).select_related("project")[:SHOWN_FAULTS]
        refused = ManagedApp.objects.visible_to(user).filter(misconfigured_since__isnull=False)
        context["refused_apps"] = refused[:SHOWN_FAULTS]
    if user.has_perm("webhooks.view_event"):
        events = Event.objects.visible_to(user).select_related("project").defer("sealed_data")
        context["events"] = events[:NEWEST_EVENTS]
    return context


def _misconfigured(user: User | AnonymousUser) -> QuerySet[AuthConfig]:
    """Return the auth configs that are refused, but for those whose managed app says it for all."""
    configs = AuthConfig.objects.visible_to(user).filter(misconfigured_since__isnull=False)
    if not user.is_superuser:
        return configs
    told_by_app = Q(managed_app__misconfigured_since__isnull=False)
    return configs.exclude(told_by_app & ~Q(misconfigured_error__in=OWN_FAULTS))


def _accounts_url(**query: str) -> str:
    return f"{reverse('admin:connections_connectedaccount_changelist')}?{urlencode(query)}"


def _tiles(user: User | AnonymousUser) -> list[Tile]:
    rows = ConnectedAccount.objects.visible_to(user)
    tiles = [
        Tile(
            label=label,
            count=count_rows(rows.filter(status=status)),
            url=_accounts_url(status=status),
            tone=STATUS_TONES[status],
        )
        for status, label in _TILES.items()
    ]
    return [tiles[0], _failing(user), *tiles[1:]]


def _failing(user: User | AnonymousUser) -> Tile:
    active = ConnectedAccount.objects.visible_to(user).filter(status=Status.ACTIVE)
    return Tile(
        label="Refresh failing",
        count=count_rows(active.filter(refresh_failing_since__isnull=False)),
        url=_accounts_url(refreshing="failing"),
        tone="warn",
    )


def _sees_breakers(user: User | AnonymousUser) -> bool:
    return user.has_perm("connections.view_breaker")


def _refreshing(health: RefreshHealth, *, sees_breakers: bool) -> list[Fact]:
    """Return what the overview tells of refreshing: of the whole installation, in numbers."""
    problems = set(health.problems)
    seen = "none known" if health.unseen_for is None else f"last seen {span(health.unseen_for)} ago"
    due = span(health.late_for) if health.oldest_due_at else "none"
    trouble = ", ".join(health.journal_troubles)
    return [
        Fact(
            label="Workers",
            text=str(health.workers) if health.workers else f"none, {seen}",
            tone=Tone.BAD if Problem.NO_WORKER in problems else Tone.GOOD,
            url=reverse("admin:connections_worker_changelist"),
        ),
        Fact(
            label="Longest overdue",
            text=due,
            tone=Tone.BAD if Problem.LATE in problems else Tone.GOOD,
        ),
        Fact(
            label="Breakers open",
            text=str(len(health.open_breakers)),
            tone=Tone.WARN if health.open_breakers else Tone.GOOD,
            url=reverse("admin:connections_breaker_changelist") if sees_breakers else "",
        ),
        Fact(
            label="Auth configs held back",
            text=str(health.held_back),
            tone=Tone.WARN if health.held_back else Tone.GOOD,
        ),
        Fact(
            label="Journal",
            text=trouble or filesizeformat(health.journal_bytes),
            tone=Tone.WARN if trouble else Tone.GOOD,
        ),
    ]
