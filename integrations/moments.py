"""Points in time as people say them: ``in 4 min``, ``2 h ago``; derived, never stored."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.html import format_html

if TYPE_CHECKING:
    from datetime import timedelta

    from django.utils.safestring import SafeString

EMPTY = "\N{EN DASH}"
# Two days are still told in hours: the numbers stay small but exact enough.
_UNITS = ((86_400, 172_800, "d"), (3_600, 3_600, "h"), (60, 60, "min"), (1, 0, "s"))


def floor(moment: datetime, step: timedelta) -> datetime:
    """Return the beginning of the step that ``moment`` is in, counted from midnight (UTC)."""
    midnight = datetime(2000, 1, 1, tzinfo=UTC)
    return moment - (moment - midnight) % step


def span(length: timedelta) -> str:
    """Return ``length`` in its largest fitting unit, rounded down: ``45 s``, ``4 min``, ``3 d``."""
    seconds = int(abs(length.total_seconds()))
    for size, threshold, unit in _UNITS:
        if seconds >= threshold:
            return f"{seconds // size} {unit}"
    return "0 s"


def relative(moment: datetime, *, now: datetime) -> str:
    """Return ``moment`` as seen from ``now``: ``in 4 min``, ``2 h ago``, ``just now``."""
    distance = moment - now
    if abs(distance.total_seconds()) < 1:
        return "just now"
    return f"in {span(distance)}" if moment > now else f"{span(distance)} ago"


def when(moment: datetime | None) -> SafeString | str:
    """Return ``moment`` in relative words, with the exact time (UTC) on hover."""
    if moment is None:
        return EMPTY
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        moment.isoformat(),
        f"{moment:%Y-%m-%d %H:%M:%S} UTC",
        relative(moment, now=timezone.now()),
    )
