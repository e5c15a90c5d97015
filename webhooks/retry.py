"""When a delivery is tried again: a tuple of delays and pure functions.

The delays are those that Standard Webhooks recommends (spec, "Deliverability and reliability").
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

# Before the first attempt, the second, ... About three days in total.
DELAYS: Final = (
    timedelta(0),
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
MAX_RETRY_AFTER: Final = timedelta(hours=24)
# A delay is stretched by up to this share, so that what failed together does not return together.
JITTER: Final = 0.1

# No longer does a delivery that is tried again stand still.
LONGEST_PAUSE: Final = max(max(DELAYS) * (1 + JITTER), MAX_RETRY_AFTER)

_SECONDS: Final = re.compile(r"[0-9]{1,18}")


def next_attempt_at(
    *, attempts: int, now: datetime, spread: float, retry_after: timedelta | None = None
) -> datetime | None:
    """Return when to try again after ``attempts`` failures, or None when that was the last.

    Args:
        attempts: how many were made, at least 1.
        spread: 0 to 1, random: how much of the jitter to add.
        retry_after: what the receiver asked for; never shortens the delay.
    """
    if attempts >= len(DELAYS):
        return None
    delay = DELAYS[attempts] * (1 + JITTER * spread)
    return now + max(delay, min(retry_after or timedelta(0), MAX_RETRY_AFTER))


def parse_retry_after(value: str, *, now: datetime) -> timedelta | None:
    """Return how long a Retry-After header asks to wait (RFC 9110, 10.2.3).

    It is seconds (cut to `MAX_RETRY_AFTER`) or a date; a past one gives nothing to wait for, and
    what is neither gives None.
    """
    if _SECONDS.fullmatch(value.strip()):
        return timedelta(seconds=min(int(value), MAX_RETRY_AFTER.total_seconds()))
    try:
        date = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    # An HTTP date is GMT; "-0000" gives a naive one.
    return max((date if date.tzinfo else date.replace(tzinfo=UTC)) - now, timedelta(0))
