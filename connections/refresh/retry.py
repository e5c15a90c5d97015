"""When to try again: pure functions of how often it failed."""

from __future__ import annotations

import random
from datetime import timedelta

# Seconds. The last one repeats: an outage never ends an account.
DELAYS = (5, 15, 30, 60, 120, 300, 600, 1800)
LONGEST_RETRY_AFTER = 3600
# So many failures in a row make `refresh_failing`, and its end `refresh_recovered`.
FAILURES_WORTH_TELLING = 3
# Seconds for which an auth config that its provider refuses is not tried again.
CONFIGURATION_DELAYS = (60, 300, 900, 3600)
# The first retry in doubt comes within this part of the provider's grace.
SHARE_OF_GRACE = 0.2


def pause_after(
    *,
    failures: int,
    retry_after: float | None = None,
    grace_seconds: float | None = None,
) -> timedelta:
    """Return how long to wait after ``failures`` (1 or more) failures in a row.

    Args:
        retry_after: the provider's wish in seconds; honoured up to an hour.
        grace_seconds: for how long the provider takes a refresh token that may be spent. The
            retry comes well within it, unless the provider wishes otherwise.
    """
    seconds = DELAYS[min(failures, len(DELAYS)) - 1] * random.uniform(0.9, 1.1)  # noqa: S311
    if grace_seconds:
        seconds = min(seconds, grace_seconds * SHARE_OF_GRACE)
    if retry_after is not None:
        seconds = max(seconds, min(retry_after, LONGEST_RETRY_AFTER))
    return timedelta(seconds=seconds)


def blocked_for(*, failures: int) -> int:
    """Return for how many seconds a config is left alone after so many refusals in a row."""
    return CONFIGURATION_DELAYS[min(failures, len(CONFIGURATION_DELAYS)) - 1]
