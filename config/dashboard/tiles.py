"""Accounts by status, with the change over the last day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from config.dashboard.viewer import ACCOUNTS, accounts_url
from config.dashboard.words import change, short
from connections.models import Status
from connections.wording import STATUS_TONES

if TYPE_CHECKING:
    from config.dashboard.viewer import Viewer

# What works, what waits for somebody, what ended; the labels fit a tile.
_LABELS: Final = {
    Status.ACTIVE: "Active",
    Status.INITIATED: "Waiting",
    Status.EXPIRED: "Expired",
    Status.FAILED: "Failed",
    Status.INACTIVE: "Disabled",
    Status.REVOKED: "Revoked",
}


@dataclass(frozen=True, kw_only=True)
class Tile:
    """A number with the list behind it."""

    label: str
    number: int
    day: int
    url: str
    tone: str

    @property
    def text(self) -> str:
        """The number, short enough for a tile."""
        return short(self.number)

    @property
    def exact(self) -> str:
        """The number, digit by digit."""
        return f"{self.number:,}"

    @property
    def change(self) -> str:
        """How much it has changed since the same hour of yesterday."""
        return change(self.day)


def tiles(viewer: Viewer) -> dict[str, Any]:
    """Return a tile for each status, and one for the active accounts that cannot be refreshed."""
    if not viewer.may(ACCOUNTS):
        return {}
    by_status = [
        _tile(label, viewer.count(status), accounts_url(status=status), STATUS_TONES[status])
        for status, label in _LABELS.items()
    ]
    failing = viewer.count(Status.ACTIVE, failing=True)
    trouble = _tile("Refresh failing", failing, accounts_url(refreshing="failing"), "warn")
    return {"tiles": [by_status[0], trouble, *by_status[1:]]}


def _tile(label: str, counted: tuple[int, int], url: str, tone: str) -> Tile:
    number, day = counted
    return Tile(label=label, number=number, day=day, url=url, tone=tone)
