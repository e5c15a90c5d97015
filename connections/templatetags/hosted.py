"""What the templates of the hosted pages say with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import template
from django.utils import timezone

from connections import bidi, durations

if TYPE_CHECKING:
    from datetime import datetime

register = template.Library()


@register.filter
def time_left(moment: datetime) -> str:
    """Return how long it is until ``moment``; empty where less than a minute."""
    return durations.time_left(moment, now=timezone.now())


@register.filter
def web_address(url: str | None) -> str:
    """Return ``url`` where a page may link to it; empty where it is no address of a page or mail.

    Operators type these in, and a ``javascript:`` among them would be a way into every page.
    """
    known = url is not None and url.startswith(("https://", "http://", "mailto:"))
    return url if url and known else ""


@register.filter
def isolated(name: str) -> str:
    """Return ``name`` as it may stand in a sentence outside of ``<bdi>``."""
    return bidi.isolated(name)
