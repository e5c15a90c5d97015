"""The newest events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from config.dashboard.viewer import EVENTS
from integrations.admin.base import MOST_PARTS
from webhooks.models import Event

if TYPE_CHECKING:
    from config.dashboard.viewer import Viewer

NEWEST: Final = 8


def events(viewer: Viewer) -> dict[str, Any]:
    """Return the events that happened last."""
    if not viewer.may(EVENTS):
        return {}
    rows = Event.objects.select_related("project").defer("sealed_data")
    projects = viewer.projects
    if projects is None or len(projects) > MOST_PARTS:
        return {"events": list(viewer.rows(rows)[:NEWEST])}
    newest = [_newest(project) for project in projects]
    if not newest:
        return {"events": []}
    keys = newest[0].union(*newest[1:], all=True) if newest[1:] else newest[0]
    return {"events": list(rows.filter(pk__in=list(keys))[:NEWEST])}


def _newest(project: str) -> Any:
    """Return the ids of a project's newest events; of several, an index has no order."""
    rows = Event.objects.filter(project=project).order_by("-sequence")
    return rows.values_list("pk", flat=True)[:NEWEST]
