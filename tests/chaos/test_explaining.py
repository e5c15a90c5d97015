"""The explanations find what they are for, and nothing where nothing is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.chaos.chronicle import Deed
from tests.chaos.evidence import Evidence
from tests.chaos.explaining import explain
from tests.chaos.families import GRACE, INVALID_GRANT, ISSUED_IN_GRACE, REUSE
from tests.chaos.making import (
    NOW,
    PERSON,
    PID,
    REFRESHED,
    arrival,
    attempt,
    call,
    expired_evidence,
    good_account,
    good_evidence,
    good_family,
    journalled,
    killed,
    transition,
)
from tests.chaos.readers import Oddity

LATER = REFRESHED + 8
KILLED = killed(REFRESHED + 0.022)
DOUBT = attempt(1, REFRESHED, outcome="in_doubt", finished_at=LATER - 0.01)
REUSED = call(1, LATER, id="strict-2", issued=0, issued_digest="", outcome=REUSE)
DEAD = good_family(revoked_at=LATER, revoked_by="reuse", working=set())


def kinds(evidence: Evidence) -> list[str]:
    """Return the findings as kind, or kind and cause."""
    return [f"{each.kind} {each.cause}".strip() for each in explain(evidence)]


def calls(*more: object) -> list[object]:
    return [*good_evidence().calls, *more]


def reused(**changes: Any) -> Evidence:
    """Return a family that died of its second call, after the first one's caller was killed."""
    values: dict[str, Any] = {"calls": calls(REUSED), "families": [DEAD]}
    values |= {"attempts": [DOUBT], "deeds": [KILLED], "journalled": {}}
    return expired_evidence("rotation_lost", **(values | changes))


def test_nothing_is_found_where_nothing_is_wrong() -> None:
    assert kinds(good_evidence()) == []


# --- Ends of grants -------------------------------------------------------------------------------


def test_a_revocation_that_was_found_out_is_noted() -> None:
    family = good_family(revoked_at=LATER, revoked_by="person")
    assert kinds(expired_evidence("grant_revoked", families=[family])) == [
        "revoked_by_person grant_revoked"
    ]


def test_a_revocation_under_another_reason_is_an_offence() -> None:
    family = good_family(revoked_at=LATER, revoked_by="person")
    found = kinds(expired_evidence("rotation_lost", families=[family]))
    assert found == ["wrong_reason rotation_lost"]


def test_a_revocation_that_nobody_noticed_is_an_offence() -> None:
    family = good_family(revoked_at=LATER, revoked_by="person")
    assert kinds(good_evidence(families=[family])) == ["revocation_unnoticed"]


def test_a_grant_that_lives_at_the_provider_must_not_expire() -> None:
    assert kinds(expired_evidence("grant_revoked")) == ["false_expiry grant_revoked"]


def test_a_rotation_that_was_lost_in_the_window_is_counted() -> None:
    assert kinds(reused()) == ["rotation_lost_in_window killed_after_reading"]


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"fault": "cut"}, "answer_cut"),
        ({"gone_at": REFRESHED + 0.03, "answered_at": REFRESHED + 0.05}, "killed_before_answer"),
        (
            {"worked_at": REFRESHED + 0.04, "answered_at": REFRESHED + 0.05},
            "killed_before_rotation",
        ),
    ],
)
def test_the_window_is_split_by_what_happened(changes: dict[str, object], cause: str) -> None:
    cut = [good_evidence().calls[0], call(1, REFRESHED, **changes), REUSED]
    assert kinds(reused(calls=cut)) == [f"rotation_lost_in_window {cause}"]


def test_who_hung_up_has_no_answer_though_a_stopped_ones_attempt_was_stored_later() -> None:
    cut = call(1, REFRESHED, gone_at=REFRESHED + 0.03, answered_at=REFRESHED + 0.03, read_at=None)
    death = killed(REFRESHED + 0.02, pid=PID + 1)
    calls = [good_evidence().calls[0], cut]
    found = kinds(good_evidence(calls=calls, deeds=[death], journalled={}))
    assert not [kind for kind in found if kind.startswith("unjournalled")]
    assert [kind for kind in kinds(good_evidence(calls=calls, journalled={})) if "unj" in kind]


LATE = killed(REFRESHED + 2)


def test_an_answer_that_nobody_came_to_read_is_lost_by_a_kill_however_late() -> None:
    unread = [good_evidence().calls[0], call(1, REFRESHED, read_at=None), REUSED]
    found = kinds(reused(calls=unread, deeds=[LATE]))
    assert found == ["rotation_lost_in_window killed_before_reading"]


def test_an_answer_that_was_read_long_before_the_kill_must_not_be_lost() -> None:
    assert "grant_lost" in kinds(reused(deeds=[LATE]))


def test_an_answer_whose_turn_had_not_come_is_in_the_window() -> None:
    writes = {f"other-{n}": journalled(f"other-{n}", at=REFRESHED + 0.4 * n) for n in (1, 2)}
    evidence = reused(deeds=[killed(REFRESHED + 0.9)], journalled=writes)
    assert kinds(evidence) == ["rotation_lost_in_window killed_after_reading"]


def test_a_stopped_caller_that_reads_too_late_explains_the_second_call() -> None:
    out = Deed(what="stop_worker", at=REFRESHED + 0.01, until=REFRESHED + 9, pids=[PID])
    late = call(1, REFRESHED, read_at=REFRESHED + 9.01, pid=PID)
    stored = attempt(1, REFRESHED, finished_at=REFRESHED + 9.1)
    evidence = reused(calls=[good_evidence().calls[0], late, REUSED], attempts=[stored])
    evidence.deeds[:] = [out]
    assert kinds(evidence) == ["rotation_lost_in_window stopped"]


def test_an_unread_answer_of_nobody_knows_whom_must_not_be_lost() -> None:
    unread = [good_evidence().calls[0], call(1, REFRESHED, read_at=None), REUSED]
    assert "grant_lost" in kinds(reused(calls=unread, attempts=[], deeds=[LATE]))


def test_an_answer_that_was_journalled_must_not_be_lost() -> None:
    entry = journalled("digest-2", at=REFRESHED + 0.021)
    assert kinds(reused(journalled={"digest-2": entry})) == ["grant_lost journalled"]


def test_an_answer_that_nobody_disturbed_must_not_be_lost() -> None:
    found = kinds(reused(deeds=[]))
    assert "grant_lost" in found
    assert "double_call the first one was answered" in found
    assert "attempt_unexplained in_doubt" in found


def test_a_kill_of_another_process_explains_nothing() -> None:
    assert "grant_lost" in kinds(reused(deeds=[killed(REFRESHED + 0.021, pid=PID + 1)]))


def test_at_a_provider_with_grace_nothing_is_lost() -> None:
    first, second = (replace(each, provider=GRACE) for each in (call(1, REFRESHED), REUSED))
    found = kinds(reused(calls=[good_evidence().calls[0], first, second]))
    assert found == ["grant_lost killed_after_reading"]


def test_a_lost_rotation_must_be_called_that() -> None:
    evidence = reused()
    end = transition("ACTIVE", "EXPIRED", "grant_revoked", at=NOW - 1, number=3)
    evidence.transitions[-1] = end
    assert kinds(evidence) == ["wrong_reason killed_after_reading"]


def test_a_lost_rotation_may_be_told_without_asking_the_provider_again() -> None:
    evidence = expired_evidence("rotation_lost", attempts=[DOUBT], deeds=[KILLED], journalled={})
    assert kinds(evidence) == ["rotation_lost_in_window killed_after_reading"]


def test_an_account_must_not_stay_active_on_a_dead_grant() -> None:
    evidence = good_evidence(calls=calls(REUSED), families=[DEAD], attempts=[DOUBT], deeds=[KILLED])
    assert kinds(evidence) == ["dead_but_active"]


def test_a_spent_token_must_not_be_held() -> None:
    assert kinds(good_evidence(accounts=[good_account(digest="digest-1")])) == ["spent_token_held"]


def test_a_grant_ends_once() -> None:
    evidence = reused()
    again = transition("EXPIRED", "EXPIRED", "rotation_lost", at=NOW - 0.5, number=4)
    evidence.transitions.append(again)
    assert "expired_twice" in kinds(evidence)


# --- Calls ----------------------------------------------------------------------------------------


def test_a_token_must_not_be_sent_again_after_an_answer() -> None:
    second = call(1, LATER, id="strict-2", outcome=ISSUED_IN_GRACE, issued=2)
    found = kinds(good_evidence(calls=calls(second)))
    assert found == ["double_call the first one was answered"]


def test_a_token_may_be_sent_again_after_a_doubt() -> None:
    second = call(1, LATER, id="strict-2", outcome=ISSUED_IN_GRACE, issued=2)
    evidence = good_evidence(calls=calls(second), attempts=[DOUBT], deeds=[KILLED])
    assert kinds(evidence) == []


def test_a_doubt_that_nobody_wrote_down_does_not_count() -> None:
    second = call(1, LATER, id="strict-2", outcome=ISSUED_IN_GRACE, issued=2)
    evidence = good_evidence(calls=calls(second), attempts=[], deeds=[killed(REFRESHED + 0.03)])
    evidence.calls[1].pid = PID
    assert kinds(evidence) == ["double_call no attempt is in doubt"]


def test_a_token_may_be_sent_again_after_a_503() -> None:
    failed = call(1, REFRESHED - 5, fault="unavailable", issued_digest="", outcome="not_performed")
    assert kinds(good_evidence(calls=calls(failed))) == []


def test_two_calls_of_one_account_must_not_overlap() -> None:
    second = call(2, REFRESHED + 0.015, outcome=INVALID_GRANT, issued_digest="")
    assert kinds(good_evidence(calls=calls(second))) == ["calls_at_once"]


def test_a_doubt_needs_a_cause() -> None:
    assert kinds(good_evidence(attempts=[DOUBT])) == ["attempt_unexplained in_doubt"]


def test_a_worker_killed_between_claim_and_call_explains_the_doubt() -> None:
    doubt = attempt(2, LATER, outcome="in_doubt", finished_at=LATER + 40)
    assert kinds(good_evidence(attempts=[doubt], deeds=[killed(LATER)])) == []


def test_an_answer_that_was_kept_must_have_stood_in_the_journal() -> None:
    assert kinds(good_evidence(journalled={})) == ["unjournalled"]


def test_an_answer_must_be_in_the_journal_at_once() -> None:
    late = journalled("digest-2", at=REFRESHED + 0.03)
    assert kinds(good_evidence(journalled={"digest-2": late})) == ["journalled_late"]


# --- Events, reads, the rest ----------------------------------------------------------------------


def test_every_event_must_arrive() -> None:
    evidence = good_evidence()
    evidence.arrivals.pop()
    assert kinds(evidence) == ["event_missing"]


def test_an_event_that_came_twice_under_its_id_is_nothing() -> None:
    evidence = good_evidence()
    evidence.arrivals.append(evidence.arrivals[0])
    assert kinds(evidence) == []


def test_events_must_come_in_order() -> None:
    evidence = good_evidence()
    evidence.arrivals.reverse()
    assert kinds(evidence) == ["event_out_of_order"]


def test_a_webhook_of_no_event_and_a_forged_one_are_offences() -> None:
    evidence = good_evidence()
    event = evidence.events[0]
    evidence.arrivals.append(arrival(event, id="evt_9"))
    evidence.arrivals.append(arrival(event, forged=True))
    assert kinds(evidence) == ["event_unknown", "event_unknown"]


def test_an_event_without_a_change_is_one_too_many() -> None:
    evidence = good_evidence()
    event = replace(evidence.events[-1], id="evt_9", sequence=9)
    evidence.events.append(event)
    evidence.arrivals.append(arrival(event))
    assert kinds(evidence) == ["event_doubled"]


def test_a_recovery_without_a_failure_is_one_too_many() -> None:
    evidence = good_evidence()
    kind = "connected_account.refresh_recovered"
    event = replace(evidence.events[-1], id="evt_9", sequence=9, type=kind)
    evidence.events.append(event)
    evidence.arrivals.append(arrival(event))
    assert kinds(evidence) == ["event_doubled"]


def refusal(worth: str) -> Oddity:
    return Oddity(
        kind="refused",
        person=PERSON,
        asked_at=LATER,
        told_at=LATER,
        tried_at=LATER,
        expires_at=LATER + 1,
        worth=worth,
        family="family",
    )


def test_a_token_that_ended_earlier_than_we_say_is_stale() -> None:
    assert kinds(good_evidence(oddities=[refusal("expired")])) == ["stale_token expired"]


def test_a_token_of_a_grant_that_was_just_revoked_is_not_stale() -> None:
    family = good_family(revoked_at=LATER - 1, revoked_by="person")
    evidence = expired_evidence("grant_revoked", families=[family], oddities=[refusal("revoked")])
    assert kinds(evidence) == ["revoked_by_person grant_revoked"]


def test_an_error_of_the_api_needs_an_outage() -> None:
    odd = Oddity(kind="status_500", person=PERSON, asked_at=LATER, told_at=LATER)
    outage = Deed(what="restart_database", at=LATER - 1, until=LATER)
    assert kinds(good_evidence(oddities=[odd])) == ["api_error status_500"]
    assert kinds(good_evidence(oddities=[odd], deeds=[outage])) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"refresh_at": NOW - 60},
        {"refresh_at": None},
        {"expires_at": NOW - 1},
        {"lease_until": NOW - 1},
        {"status": "FAILED"},
    ],
    ids=str,
)
def test_an_account_that_nobody_refreshes_is_stuck(changes: dict[str, object]) -> None:
    assert kinds(good_evidence(accounts=[good_account(**changes)])) == ["account_stuck"]


def test_a_process_must_not_end_by_itself_but_in_an_outage() -> None:
    details = {"name": "worker-1", "code": 1}
    died = Deed(what="died_by_itself", at=LATER, pids=[PID], details=details)
    outage = Deed(what="restart_database", at=LATER - 1, until=LATER)
    assert kinds(good_evidence(deeds=[died])) == ["process_died worker-1"]
    assert kinds(good_evidence(deeds=[died, outage])) == []


def test_a_refusal_that_was_answered_must_not_be_asked_for_again() -> None:
    again = call(1, LATER + 0.5, id="strict-3", issued=0, outcome=INVALID_GRANT)
    found = kinds(reused(calls=calls(REUSED, again)))
    assert "double_call the first one was answered" in found


def test_a_refusal_that_a_kill_took_along_may_be_asked_for_again() -> None:
    again = call(1, LATER + 5, id="strict-3", issued=0, outcome=INVALID_GRANT)
    doubt = attempt(1, LATER, outcome="in_doubt", finished_at=LATER + 4)
    late = killed(LATER + 2)
    evidence = reused(calls=calls(REUSED, again), attempts=[DOUBT, doubt], deeds=[KILLED, late])
    assert kinds(evidence) == ["rotation_lost_in_window killed_after_reading"]


def test_a_revocation_in_the_middle_of_a_doubt_may_be_taken_for_a_lost_rotation() -> None:
    family = good_family(revoked_at=LATER, revoked_by="person")
    doubt = attempt(2, LATER, outcome="in_doubt", finished_at=LATER + 1)
    evidence = expired_evidence(
        "rotation_lost", families=[family], attempts=[doubt], deeds=[killed(LATER)]
    )
    assert kinds(evidence) == ["revoked_by_person rotation_lost"]
