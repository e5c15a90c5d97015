"""When to probe next: pure functions."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from connections.refresh.doubts import JUST_NOW
from connections.refresh.retry import LONGEST_RETRY_AFTER

# Seconds after the first, second, ... probe in a row without an answer; the last one repeats.
DELAYS = (60, 300, 1800, 7200, 21_600)
# So many of them at the most where a refusal is doubted.
HEARING_DELAYS = 3
# After it a refused token that nothing can renew is shown to the provider once more.
CONFIRMATION = JUST_NOW


def next_proof(*, every_seconds: float, now: datetime) -> datetime:
    """Return when a status that was proven ``now`` is proven again, spread by a tenth."""
    return now + timedelta(seconds=_spread(every_seconds))


def next_try(
    *, failures: int, every_seconds: float, now: datetime, retry_after: float | None = None
) -> datetime:
    """Return when to ask again after ``failures`` (1 or more) probes in a row without an answer.

    Args:
        every_seconds: how often the status is proven; no wait of ours is longer.
        retry_after: the provider's wish in seconds; honoured up to an hour.
    """
    seconds = _spread(min(DELAYS[min(failures, len(DELAYS)) - 1], every_seconds))
    if retry_after is not None:
        seconds = max(seconds, min(retry_after, LONGEST_RETRY_AFTER))
    return now + timedelta(seconds=seconds)


def next_hearing(*, failures: int, now: datetime) -> datetime:
    """Return when to ask again about a token whose refusal is doubted, for the n-th time.

    Not long after the provider has come to its senses: meanwhile breakers spare it.
    """
    seconds = DELAYS[min(failures, HEARING_DELAYS) - 1]
    return now + timedelta(seconds=_spread(seconds))


def _spread(seconds: float) -> float:
    return seconds * random.uniform(0.9, 1.1)  # noqa: S311
