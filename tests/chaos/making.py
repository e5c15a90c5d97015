"""Evidence made by hand: one person whose grant went well, to be spoiled by a test."""

from __future__ import annotations

from collections import Counter
from typing import Any

from tests.chaos.attempts import Attempt
from tests.chaos.calls import Call
from tests.chaos.chronicle import Deed
from tests.chaos.evidence import Account, Event, Evidence, Transition
from tests.chaos.families import ISSUED, STRICT, Family
from tests.chaos.inbox import Arrival
from tests.chaos.journalled import Entry

PERSON, ACCOUNT, PID = "strict-0", "ca_1", 77
# Connected at 100, refreshed at 110, looked at at 120.
CONNECTED, REFRESHED, NOW = 100.0, 110.0, 120.0


def call(number: int, at: float, **changes: Any) -> Call:
    """Return a refresh that presents serial ``number`` and is answered 20 ms later."""
    values: dict[str, Any] = {
        "id": f"strict-{number}",
        "provider": STRICT,
        "kind": "refresh_token",
        "at": at,
        "family": "family",
        "person": PERSON,
        "presented": number,
        "presented_digest": f"digest-{number}",
        "issued": number + 1,
        "issued_digest": f"digest-{number + 1}",
        "outcome": ISSUED,
        "worked_at": at + 0.01,
        "answered_at": at + 0.02,
        "read_at": at + 0.0205,
    }
    return Call(**(values | changes))


def attempt(generation: int, at: float, **changes: Any) -> Attempt:
    """Return the attempt that belongs to the call, stored 50 ms after its start."""
    values: dict[str, Any] = {
        "account": ACCOUNT,
        "generation": generation,
        "worker": f"host:{PID}",
        "outcome": "stored",
        "error_code": "",
        "started_at": at - 0.01,
        "finished_at": at + 0.05,
    }
    return Attempt(**(values | changes))


def journalled(digest: str, *, at: float) -> Entry:
    """Return the journal's entry of an issued token."""
    return Entry(
        digest=digest, account=ACCOUNT, generation=1, worker=f"host:{PID}:life", obtained_at=at
    )


def transition(before: str, after: str, reason: str, *, at: float, number: int) -> Transition:
    """Return a change of status with the event ``evt_<number>``."""
    return Transition(
        account=ACCOUNT,
        from_status=before,
        to_status=after,
        reason=reason,
        event=f"evt_{number}",
        sequence=number,
        at=at,
    )


def killed(at: float, *, pid: int = PID, name: str = "worker-1") -> Deed:
    """Return a kill."""
    return Deed(what="killed", at=at, pids=[pid], details={"name": name})


def good_evidence(**changes: Any) -> Evidence:
    """Return a life in which nothing is wrong."""
    life = [
        transition("", "INITIATED", "link_created", at=CONNECTED - 1, number=1),
        transition("INITIATED", "ACTIVE", "connected", at=CONNECTED + 0.1, number=2),
    ]
    exchange = call(0, CONNECTED, kind="authorization_code", presented_digest="")
    values: dict[str, Any] = {
        "now": NOW,
        "window": 0.5,
        "accounts": [good_account()],
        "attempts": [attempt(1, REFRESHED)],
        "transitions": life,
        "calls": [exchange, call(1, REFRESHED)],
        "families": [good_family()],
        "oddities": [],
        "deeds": [],
        "journalled": {"digest-2": journalled("digest-2", at=REFRESHED + 0.021)},
        "errors_logged": Counter(),
    }
    values |= changes
    values.setdefault("events", [_event(each) for each in values["transitions"]])
    values.setdefault("arrivals", [arrival(each) for each in values["events"]])
    return Evidence(**values)


def expired_evidence(reason: str, *, at: float = NOW - 1, **changes: Any) -> Evidence:
    """Return the same life with an end."""
    good = good_evidence()
    end = transition("ACTIVE", "EXPIRED", reason, at=at, number=3)
    account = good_account(status="EXPIRED", reason=reason, refresh_at=None)
    return good_evidence(transitions=[*good.transitions, end], accounts=[account], **changes)


def good_account(**changes: Any) -> Account:
    """Return the account as it stands after one refresh."""
    values: dict[str, Any] = {
        "id": ACCOUNT,
        "person": PERSON,
        "status": "ACTIVE",
        "reason": "connected",
        "generation": 2,
        "digest": "digest-2",
        "expires_at": NOW + 10,
        "refresh_at": NOW + 5,
        "refreshed_at": REFRESHED,
        "lease_until": None,
    }
    return Account(**(values | changes))


def good_family(**changes: Any) -> Family:
    """Return the family after one refresh."""
    values: dict[str, Any] = {
        "id": "family",
        "person": PERSON,
        "lifetime": 20.0,
        "opened_at": CONNECTED,
        "working": {2},
        "spent": {1: REFRESHED},
        "serial": 2,
    }
    return Family(**(values | changes))


def arrival(event: Event, **changes: Any) -> Arrival:
    """Return the webhook of ``event``."""
    values: dict[str, Any] = {
        "id": event.id,
        "type": event.type,
        "account": event.account,
        "body": f"body of {event.id}",
        "forged": False,
    }
    return Arrival(**(values | changes))


def _event(change: Transition) -> Event:
    return Event(
        id=change.event,
        sequence=change.sequence,
        type=f"connected_account.{change.to_status.lower()}",
        account=ACCOUNT,
        at=change.at,
    )
