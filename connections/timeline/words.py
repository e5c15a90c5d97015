"""What the rows around refreshes and changes of status say to a person."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from connections.models import ProofOutcome, Reason
from integrations.models.audit_entry import Outcome
from integrations.moments import span
from webhooks.models import EventType

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connections.models import AccountUse, ConnectAttempt, ConnectLink, Proof
    from integrations.models import AuditEntry
    from webhooks.models import Event

PROOF_TONES: dict[str, str] = {
    ProofOutcome.ALIVE: "good",
    ProofOutcome.REFUSED: "bad",
    ProofOutcome.UNKNOWN: "warn",
}
_PROOFS: dict[str, str] = {
    ProofOutcome.ALIVE: "Proven to work",
    ProofOutcome.REFUSED: "The provider refused the token",
    ProofOutcome.UNKNOWN: "Asked for a proof, and got no answer that tells",
}
EVENT_TONES: dict[str, str] = {
    EventType.REFRESH_FAILING: "warn",
    EventType.REFRESH_RECOVERED: "good",
    EventType.EXPIRING_SOON: "warn",
}
_EVENTS: dict[str, str] = {
    EventType.REFRESH_FAILING: "The app is told that refreshing fails",
    EventType.REFRESH_RECOVERED: "The app is told that refreshing works again",
    EventType.EXPIRING_SOON: "The app is told that the grant will end",
}
STAFF_TONES: dict[str, str] = {
    Outcome.BEGUN: "busy",
    Outcome.DONE: "quiet",
    Outcome.FAILED: "warn",
    Outcome.REFUSED: "warn",
}


def proof_title(row: Proof) -> str:
    """Say what was learned, and how often in a row."""
    title = _PROOFS.get(row.outcome, row.outcome)
    return f"{title} {row.count} times" if row.count > 1 else title


def proof_detail(row: Proof) -> str:
    """Say what the provider answered, how often it was asked, about which token."""
    parts = []
    if row.error_code:
        parts.append(f"answer {row.error_code}")
    if row.http_status and str(row.http_status) not in row.error_code:
        parts.append(f"HTTP {row.http_status}")
    if row.count > 1:
        parts.append(f"about every {span((row.last_at - row.first_at) / (row.count - 1))}")
    return " · ".join([*parts, f"generation {row.generation}"])


def use_title(row: AccountUse) -> str:
    """Say how often the token was handed out."""
    return "Used once" if row.count == 1 else f"Used {row.count:,} times"


def use_detail(row: AccountUse) -> str:
    """Say how often that was on the last day of it."""
    return f"{row.day_count:,} of them on {row.day:%Y-%m-%d}" if row.count > 1 else "by the app"


def event_title(row: Event) -> str:
    """Say what the app is told."""
    return _EVENTS.get(row.type, row.type)


def event_detail(row: Event) -> str:
    """Say what the event holds that a person wants to know."""
    if row.type == EventType.EXPIRING_SOON:
        days = row.data.get("days_left")
        return f"In {days} day{'' if days == 1 else 's'}, with a reconnect link."
    code = row.data.get("error_code")
    return f"Last answer {code}." if code else ""


def link_title(
    row: ConnectLink, trips: Sequence[ConnectAttempt], *, now: datetime
) -> tuple[str, str]:
    """Say what became of the link, with its colour."""
    if row.completed_at:
        return "Link opened, and the account connected", "good"
    over = row.expires_at <= now
    if trips or row.browser_digest:
        return ("Link opened, not finished", "warn") if over else ("Link opened", "busy")
    return ("Link never opened", "quiet") if over else ("Link made, not opened yet", "busy")


def link_detail(row: ConnectLink, trips: Sequence[ConnectAttempt], *, now: datetime) -> str:
    """Say when it was opened, how its last trip ended, and until when it is good."""
    parts = []
    if trips:
        parts.append(f"opened {_after(trips[0].created_at, row)}")
        ended = trips[-1].outcome
        if ended and not row.completed_at:
            parts.append(str(dict(Reason.choices).get(ended, ended)).lower())
        if len(trips) > 1:
            parts.append(f"{len(trips)} tries")
    if row.completed_at:
        parts.append(f"done {_after(row.completed_at, row)}")
    elif row.expires_at > now:
        parts.append(f"good for {span(row.expires_at - now)} more")
    else:
        parts.append(f"it was good for {span(row.expires_at - row.created_at)}")
    if row.portal_id:
        parts.append("made in the portal")
    return " · ".join(parts)


def staff_title(row: AuditEntry) -> str:
    """Say what was done, and that it was not where it was not."""
    if row.outcome in {Outcome.DONE, Outcome.BEGUN}:
        return row.action_title
    return f"{row.action_title}: {row.get_outcome_display().lower()}"


def staff_detail(row: AuditEntry) -> str:
    """Say why, with what it was refused, and from where."""
    parts = [row.note, row.error_code, f"from {row.address}" if row.address else ""]
    return " · ".join(part for part in parts if part)


def _after(moment: datetime, row: ConnectLink) -> str:
    return f"after {span(moment - row.created_at)}"
