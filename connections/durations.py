"""How long ago, and how long still, in the language of whoever reads a hosted page."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from django.utils.timesince import timesince, timeuntil
from django.utils.translation import gettext as _
from django.utils.translation import ngettext_lazy, npgettext_lazy

if TYPE_CHECKING:
    from datetime import datetime

MINUTE: Final = timedelta(minutes=1)
# Whole phrases: in many languages "ago" changes the word before it.
_AGO: Final[dict[str, Any]] = {
    "year": ngettext_lazy("%(num)d year ago", "%(num)d years ago", "num"),
    "month": ngettext_lazy("%(num)d month ago", "%(num)d months ago", "num"),
    "week": ngettext_lazy("%(num)d week ago", "%(num)d weeks ago", "num"),
    "day": ngettext_lazy("%(num)d day ago", "%(num)d days ago", "num"),
    "hour": ngettext_lazy("%(num)d hour ago", "%(num)d hours ago", "num"),
    "minute": ngettext_lazy("%(num)d minute ago", "%(num)d minutes ago", "num"),
}
_LEFT: Final[dict[str, Any]] = {
    "year": npgettext_lazy("time left", "%(num)d year", "%(num)d years", "num"),
    "month": npgettext_lazy("time left", "%(num)d month", "%(num)d months", "num"),
    "week": npgettext_lazy("time left", "%(num)d week", "%(num)d weeks", "num"),
    "day": npgettext_lazy("time left", "%(num)d day", "%(num)d days", "num"),
    "hour": npgettext_lazy("time left", "%(num)d hour", "%(num)d hours", "num"),
    "minute": npgettext_lazy("time left", "%(num)d minute", "%(num)d minutes", "num"),
}


def time_ago(moment: datetime, *, now: datetime) -> str:
    """Return how long ago ``moment`` was, in its largest unit: ``3 hours ago``, ``just now``."""
    if now - moment < MINUTE:
        return _("just now")
    return timesince(moment, now, time_strings=_AGO, depth=1)


def time_left(moment: datetime, *, now: datetime) -> str:
    """Return how long it is until ``moment``, in two units; empty where less than a minute."""
    if moment - now < MINUTE:
        return ""
    return timeuntil(moment, now, time_strings=_LEFT)
