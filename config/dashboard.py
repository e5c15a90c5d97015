"""The overview at ``/admin/``: how the accounts stand, what is at fault, what happened last.

Each number counts what its link lists, and only what the person may see.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.db.models import Count
from django.urls import reverse

from connections.models import ConnectedAccount, Status
from connections.wording import STATUS_TONES
from integrations.models import AuthConfig
from webhooks.models import Event

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User
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
    count: int
    url: str
    tone: str


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Return ``context`` with the overview's blocks, those the person may see."""
    user = request.user
    if user.has_perm("connections.view_connectedaccount"):
        context["tiles"] = _tiles(user)
    if user.has_perm("integrations.view_authconfig"):
        configs = AuthConfig.objects.visible_to(user).filter(misconfigured_since__isnull=False)
        context["misconfigured"] = configs.select_related("project")[:SHOWN_FAULTS]
    if user.has_perm("webhooks.view_event"):
        events = Event.objects.visible_to(user).select_related("project").defer("sealed_data")
        context["events"] = events[:NEWEST_EVENTS]
    return context


def _accounts_url(**query: str) -> str:
    return f"{reverse('admin:connections_connectedaccount_changelist')}?{urlencode(query)}"


def _tiles(user: User | AnonymousUser) -> list[Tile]:
    rows = ConnectedAccount.objects.visible_to(user).order_by().values_list("status")
    counts = dict(rows.annotate(count=Count("pk")))
    tiles = [
        Tile(
            label=label,
            count=counts.get(status, 0),
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
        count=active.filter(refresh_failing_since__isnull=False).count(),
        url=_accounts_url(refreshing="failing"),
        tone="warn",
    )
