"""Explains what is left at the end: accounts that nobody refreshes, processes that gave up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.chaos.deeds import DIED
from tests.chaos.explaining.finding import Finding
from tests.chaos.plan import RESTART_DATABASE
from tests.chaos.settling import OVERDUE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.chaos.chronicle import Deed
    from tests.chaos.evidence import Account, Evidence

# A process may give up at its start where it finds no database; its supervisor starts it again.
AROUND_OUTAGE_SECONDS = 15.0
RESTING = {"ACTIVE", "EXPIRED"}


def explain(evidence: Evidence) -> Iterator[Finding]:
    """Yield a finding for every account that is stuck and every process that died by itself."""
    for account in evidence.accounts:
        if trouble := _trouble(account, evidence.now):
            yield Finding(
                kind="account_stuck", at=evidence.now, person=account.person, text=trouble
            )
    for deed in evidence.deeds_of(DIED):
        if not _in_outage(deed, evidence):
            text = f"{deed.details['name']} ended with {deed.details['code']}"
            yield Finding(kind="process_died", at=deed.at, cause=deed.details["name"], text=text)


def _trouble(account: Account, now: float) -> str:
    """Return what keeps the account from being fresh; empty where nothing does."""
    if account.status not in RESTING:
        return f"is {account.status} ({account.reason})"
    if account.status != "ACTIVE":
        return ""
    if account.refresh_at is None:
        return "has no next refresh"
    if account.refresh_at < now - OVERDUE_SECONDS:
        return f"has been due for {now - account.refresh_at:.1f} s"
    ends = {"token": account.expires_at, "lease": account.lease_until}
    over = [
        f"its {what} ended {now - end:.1f} s ago" for what, end in ends.items() if end and end < now
    ]
    return ", ".join(over)


def _in_outage(deed: Deed, evidence: Evidence) -> bool:
    return any(
        outage.at - AROUND_OUTAGE_SECONDS
        <= deed.at
        <= (outage.until or deed.at) + AROUND_OUTAGE_SECONDS
        for outage in evidence.deeds_of(RESTART_DATABASE)
    )
