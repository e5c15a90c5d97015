"""The overview at ``/admin/``: how the accounts stand, what needs somebody, how refreshing goes.

A block is a function from the `Viewer` to the template's variables. It holds what the person may
see and nothing else; numbers come from tallies, so that a million accounts cost no more than ten,
and each leads to the list behind it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from django.utils import timezone

from config.dashboard.attention import attention
from config.dashboard.endings import endings
from config.dashboard.events import events
from config.dashboard.first_steps import first_steps
from config.dashboard.health import health
from config.dashboard.refreshes import refreshes
from config.dashboard.tiles import tiles
from config.dashboard.viewer import Viewer

if TYPE_CHECKING:
    from django.http import HttpRequest

Block = Callable[[Viewer], dict[str, Any]]

BLOCKS: Final[dict[str, Block]] = {
    "tiles": tiles,
    "attention": attention,
    "refreshes": refreshes,
    "health": health,
    "endings": endings,
    "events": events,
}
# What there is to see before the first account was made.
EARLY: Final = (first_steps, attention)


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Return ``context`` with the overview's blocks, those the person may see."""
    viewer = Viewer(request.user, period=request.GET.get("period", ""), now=timezone.now())
    blocks = EARLY if viewer.is_new_here else BLOCKS.values()
    for block in blocks:
        context |= block(viewer)
    return context
