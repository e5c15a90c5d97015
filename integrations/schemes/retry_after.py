"""Reads when a provider wants to be called again (RFC 9110, 10.2.3)."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from integrations.outbound import Response

_SECONDS = re.compile(r"[0-9]{1,9}")


def retry_after_seconds(response: Response, *, now: datetime | None = None) -> float | None:
    """Return in how many seconds, from 0, ``response`` asks to be called again; None: not said.

    A date is relative to the answer's own Date header, because a provider's two clocks agree, and
    to ``now`` where there is none. The number is as the provider sent it: whoever waits caps it.
    """
    value = response.headers.get("retry-after", "").strip()
    if _SECONDS.fullmatch(value):
        return float(value)
    wanted = _http_date(value)
    answered = _http_date(response.headers.get("date", "")) or now
    if wanted is None or answered is None:
        return None
    return max((wanted - answered).total_seconds(), 0.0)


def _http_date(value: str) -> datetime | None:
    """Return the moment an HTTP date names (RFC 9110, 5.6.7), in any of its three forms."""
    if not value.isascii():
        return None
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    # An HTTP date is GMT, also where it does not say so.
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
