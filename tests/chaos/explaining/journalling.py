"""Checks that answers went to the journal, every one, and at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.chaos import window
from tests.chaos.explaining.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.chaos.evidence import Evidence
    from tests.chaos.explaining.causes import Causes

# The middle one of all answers is hardly later on a busy machine; twice a write to the disk would
# be, and so would a statement to the database.
MEDIAN_SECONDS = 0.005


def explain(evidence: Evidence, causes: Causes) -> Iterator[Finding]:
    """Yield a finding for every answer that was kept without the journal, and for a late one."""
    for call in evidence.calls:
        refreshed = call.kind == "refresh_token" and call.issued_tokens
        missing = refreshed and call.issued_digest not in evidence.journalled
        if missing and call.answered_at is not None and not causes.lost(call):
            text = f"the answer to {call.id} never stood in the journal"
            yield Finding(kind="unjournalled", at=call.at, person=call.person, text=text)
    measured = window.delays(evidence.calls, evidence.journalled)
    if measured and (median := measured[len(measured) // 2]) > MEDIAN_SECONDS:
        text = f"the middle answer took {median * 1000:.1f} ms from reading to the journal"
        yield Finding(kind="journalled_late", at=evidence.now, text=text)
