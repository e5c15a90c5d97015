"""What the templates of the hosted pages say with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import template
from django.utils import timezone

from connections import durations

if TYPE_CHECKING:
    from datetime import datetime

register = template.Library()


@register.filter
def time_left(moment: datetime) -> str:
    """Return how long it is until ``moment``; empty where less than a minute."""
    return durations.time_left(moment, now=timezone.now())
