"""When to try a failed refresh again: a pure function of how often it failed."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

# Seconds. The last one repeats: an outage never ends an account.
DELAYS = (5, 15, 30, 60, 120, 300, 600, 1800)
LONGEST_RETRY_AFTER = 3600
# So many failures in a row make `refresh_failing`, and its end `refresh_recovered`.
FAILURES_WORTH_TELLING = 3


def next_refresh(*, failures: int, now: datetime, retry_after: float | None = None) -> datetime:
    """Return when to try again after ``failures`` (1 or more) failures in a row.

    Args:
        retry_after: the provider's wish in seconds; honoured up to an hour.
    """
    seconds = DELAYS[min(failures, len(DELAYS)) - 1] * random.uniform(0.9, 1.1)  # noqa: S311
    if retry_after is not None:
        seconds = max(seconds, min(retry_after, LONGEST_RETRY_AFTER))
    return now + timedelta(seconds=seconds)
