"""How long it takes from the provider's answer to Evergrant's journal, measured in the same run.

A worker that is killed in that time has lost the answer and nobody is to blame. A kill that came
later found the answer in the journal, or should have.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tests.chaos.calls import Call
    from tests.chaos.journalled import Entry

# Of a hundred answers so many are taken as the measure: the last one may be a stopped process's.
SHARE = 0.99
# Sealing and writing come on top of what is measured; a kill takes a moment to strike.
MARGIN_SECONDS = 0.005
SHORTEST, LONGEST = 0.010, 0.250


def measure(calls: Iterable[Call], journalled: Mapping[str, Entry]) -> float:
    """Return the window in seconds; the shortest one where nothing was journalled."""
    measured = delays(calls, journalled)
    if not measured:
        return SHORTEST
    slow = measured[int(SHARE * (len(measured) - 1))]
    return min(max(slow + MARGIN_SECONDS, SHORTEST), LONGEST)


def delays(calls: Iterable[Call], journalled: Mapping[str, Entry]) -> list[float]:
    """Return the seconds from answer to journal of every answer that got there, sorted."""
    return sorted(
        journalled[call.issued_digest].obtained_at - call.answered_at
        for call in calls
        if call.answered_at is not None and call.issued_digest in journalled
    )
