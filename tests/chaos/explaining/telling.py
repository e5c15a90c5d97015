"""Explains what the app was told: each change once, in order, under one id."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING

from tests.chaos.explaining.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.chaos.evidence import Event, Evidence, Transition

FAILING, RECOVERED = "connected_account.refresh_failing", "connected_account.refresh_recovered"
# Events that are not changes of a status.
NOTICES = {FAILING, RECOVERED, "connected_account.expiring_soon", "auth_config.misconfigured"}


def explain(evidence: Evidence) -> Iterator[Finding]:
    """Yield a finding for every event that is missing, doubled, out of order or made up."""
    persons = {account.id: account.person for account in evidence.accounts}
    for finding in (
        *_arrivals(evidence),
        *_changes(evidence),
        *_chains(evidence),
        *_notices(evidence),
    ):
        finding.person = persons.get(finding.person, finding.person)
        yield finding


def _arrivals(evidence: Evidence) -> Iterator[Finding]:
    """Hold the outbox against the inbox."""
    known = {event.id: event for event in evidence.events}
    arrived: dict[str, Event] = {}
    bodies: dict[str, str] = {}
    for arrival in evidence.arrivals:
        event = known.get(arrival.id)
        if event is None or arrival.forged:
            text = f"{arrival.type} {arrival.id}" + (" is forged" if arrival.forged else "")
            yield Finding(kind="event_unknown", at=evidence.now, person=arrival.account, text=text)
            continue
        if bodies.setdefault(arrival.id, arrival.body) != arrival.body:
            text = f"{arrival.id} came with two contents"
            yield Finding(kind="event_doubled", at=event.at, person=event.account, text=text)
        arrived.setdefault(event.id, event)
    for event in evidence.events:
        if event.id not in arrived:
            text = f"{event.type} {event.id}"
            yield Finding(kind="event_missing", at=event.at, person=event.account, text=text)
    yield from _order(list(arrived.values()))


def _order(arrived: list[Event]) -> Iterator[Finding]:
    """Check first arrivals, account by account, against the order of recording."""
    by_account: dict[str, list[Event]] = defaultdict(list)
    for event in arrived:
        by_account[event.account].append(event)
    for events in by_account.values():
        for first, second in pairwise(events):
            if second.sequence < first.sequence:
                text = f"{first.id} came before {second.id}"
                yield Finding(
                    kind="event_out_of_order", at=second.at, person=second.account, text=text
                )


def _changes(evidence: Evidence) -> Iterator[Finding]:
    """Hold the history against the outbox: the database keeps them one to one."""
    told = {transition.event for transition in evidence.transitions}
    for event in evidence.events:
        if event.type not in NOTICES and event.id not in told:
            text = f"{event.type} {event.id} tells of no change"
            yield Finding(kind="event_doubled", at=event.at, person=event.account, text=text)


def _chains(evidence: Evidence) -> Iterator[Finding]:
    """Check that every change begins where the one before ended."""
    lives: dict[str, list[Transition]] = defaultdict(list)
    for transition in evidence.transitions:
        lives[transition.account].append(transition)
    for life in lives.values():
        for first, second in pairwise(life):
            if first.to_status != second.from_status:
                text = f"{first.to_status}, then from {second.from_status} to {second.to_status}"
                yield Finding(
                    kind="event_out_of_order", at=second.at, person=second.account, text=text
                )


def _notices(evidence: Evidence) -> Iterator[Finding]:
    """Check that failing and recovered take turns; a change of the status starts anew."""
    failing: dict[str, bool] = defaultdict(bool)
    for event in evidence.events:
        if event.type in {FAILING, RECOVERED}:
            if failing[event.account] == (event.type == FAILING):
                text = f"{event.type} {event.id} is one too many"
                yield Finding(kind="event_doubled", at=event.at, person=event.account, text=text)
            failing[event.account] = event.type == FAILING
        elif event.type not in NOTICES:
            failing[event.account] = False
