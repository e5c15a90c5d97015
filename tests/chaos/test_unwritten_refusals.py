"""A refusal stands in no journal: what kept it from being stored explains the second call."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.chaos.chronicle import Deed
from tests.chaos.evidence import Evidence
from tests.chaos.families import INVALID_GRANT, ISSUED_IN_GRACE
from tests.chaos.making import PID, REFRESHED, attempt, call, good_evidence
from tests.chaos.test_explaining import DOUBT, LATER, calls, kinds

REFUSED = call(1, REFRESHED, outcome=INVALID_GRANT, issued=0, issued_digest="", pid=PID)


@pytest.mark.parametrize(
    "deed",
    [
        Deed(what="restart_database", at=REFRESHED + 0.01, until=REFRESHED + 2, pids=[]),
        Deed(what="stop_worker", at=REFRESHED - 5, until=REFRESHED + 20, pids=[PID + 1]),
    ],
)
def test_a_refusal_that_could_not_be_stored_may_be_asked_for_again(deed: Deed) -> None:
    second = replace(REFUSED, at=LATER, id="strict-2")
    found = kinds(refused_twice(second, deeds=[deed]))
    assert not [kind for kind in found if kind.startswith(("double_call", "attempt_"))]


@pytest.mark.parametrize(
    "deeds",
    [
        [],
        [Deed(what="restart_database", at=REFRESHED - 9, until=REFRESHED - 7, pids=[])],
        [Deed(what="stop_worker", at=REFRESHED - 5, until=REFRESHED + 3, pids=[PID + 1])],
    ],
)
def test_a_refusal_that_nothing_kept_from_being_stored_is_not_asked_for_again(
    deeds: list[Deed],
) -> None:
    second = replace(REFUSED, at=LATER, id="strict-2")
    found = kinds(refused_twice(second, deeds=deeds))
    assert "double_call the first one was answered" in found
    assert "attempt_unexplained in_doubt" in found


@pytest.mark.parametrize(("stopped", "told"), [(PID, False), (PID + 1, True)])
def test_who_claims_before_a_stopped_ones_refusal_is_stored_calls_after_it(
    stopped: int, told: bool
) -> None:
    stored = attempt(1, REFRESHED, outcome="terminal", finished_at=LATER - 0.5)
    stop = Deed(what="stop_worker", at=REFRESHED + 0.5, until=LATER - 0.6, pids=[stopped])
    lock = Deed(what="stop_worker", at=REFRESHED - 5, until=REFRESHED + 20, pids=[PID + 2])
    second = replace(REFUSED, at=LATER, id="strict-2")
    evidence = replace(refused_twice(second, deeds=[stop, lock]), attempts=[stored])
    assert ("double_call no attempt is in doubt" in kinds(evidence)) is told


def refused_twice(second: object, *, deeds: list[Deed]) -> Evidence:
    """Return a token that was refused, left in doubt all the same, and sent again."""
    return good_evidence(
        calls=[good_evidence().calls[0], REFUSED, second], attempts=[DOUBT], deeds=deeds
    )


def test_new_tokens_must_be_stored_whoever_was_stopped() -> None:
    stop = Deed(what="stop_worker", at=REFRESHED - 5, until=REFRESHED + 20, pids=[PID + 1])
    second = call(1, LATER, id="strict-2", outcome=ISSUED_IN_GRACE, issued=2)
    found = kinds(good_evidence(calls=calls(second), attempts=[DOUBT], deeds=[stop]))
    assert "double_call the first one was answered" in found
