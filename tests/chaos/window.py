"""How long it takes from reading an answer to the journal, measured in the same run.

A worker that is killed in that time has lost the answer and nobody is to blame. A kill that came
later found the answer in the journal, or should have.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tests.chaos.calls import Call
    from tests.chaos.journalled import Entry

# Those that were killed cannot be measured, and they were killed at busy moments: so many times the
# longest that any of the others took. That most of them take no time is a question of its own
# (`explaining.journalling`).
TIMES = 2
SHORTEST, LONGEST = 0.010, 0.100


def measure(calls: Iterable[Call], journalled: Mapping[str, Entry]) -> float:
    """Return the window in seconds; the shortest one where nothing was journalled."""
    longest = max(delays(calls, journalled), default=0.0)
    return min(max(TIMES * longest, SHORTEST), LONGEST)


def delays(calls: Iterable[Call], journalled: Mapping[str, Entry]) -> list[float]:
    """Return the seconds from reading to the journal of every answer that got there, sorted."""
    return sorted(
        journalled[call.issued_digest].obtained_at - call.read_at
        for call in calls
        if call.read_at is not None and call.issued_digest in journalled
    )


def waits(calls: Iterable[Call]) -> list[float]:
    """Return the seconds for which answers waited to be read, sorted: a machine's load."""
    return sorted(
        call.read_at - call.answered_at
        for call in calls
        if call.read_at is not None and call.answered_at is not None
    )
