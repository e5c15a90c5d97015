"""Explains every attempt that Evergrant holds to be in doubt."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from tests.chaos.calls import Call
from tests.chaos.explaining.finding import Finding
from tests.chaos.faults import DROP
from tests.chaos.plan import RESTART_DATABASE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.chaos.attempts import Attempt
    from tests.chaos.evidence import Evidence
    from tests.chaos.explaining.causes import Causes

# The provider's clock is ours; this is for what happens between two lines.
SLACK_SECONDS = 1.0
# A process that was killed had its claim for no longer than a lease and a stop on top of it.
LONGEST_CLAIM_SECONDS = 120.0


def explain(evidence: Evidence, causes: Causes) -> Iterator[Finding]:
    """Yield a finding for every doubt without a cause."""
    persons = {account.id: account.person for account in evidence.accounts}
    calls: dict[str, list[Call]] = defaultdict(list)
    for call in evidence.calls:
        calls[call.person].append(call)
    for attempt in evidence.attempts:
        person = persons.get(attempt.account, attempt.account)
        if attempt.doubtful and not _is_explained(attempt, calls[person], evidence, causes):
            text = (
                f"{attempt.outcome} of generation {attempt.generation} by {attempt.worker},"
                f" error {attempt.error_code or 'none'}"
            )
            yield Finding(
                kind="attempt_unexplained",
                at=attempt.started_at,
                person=person,
                cause=attempt.outcome,
                text=text,
            )


def _is_explained(attempt: Attempt, calls: list[Call], evidence: Evidence, causes: Causes) -> bool:
    began = attempt.started_at - SLACK_SECONDS
    struck = causes.struck_at(attempt.pid, after=began, before=began + LONGEST_CLAIM_SECONDS)
    own = [call for call in calls if call.presented and causes.attempt_of(call) is attempt]
    if own:
        return any(
            call.fault == DROP or causes.lost(call) or causes.unwritten(call) for call in own
        )
    # No call was made: killed or stopped after the claim, or the database crashed right after the
    # claim's commit, before it could say so.
    return struck is not None or any(
        deed.at - SLACK_SECONDS <= attempt.started_at <= (deed.until or evidence.now)
        for deed in evidence.deeds_of(RESTART_DATABASE)
    )
