"""The history in words: what each row of it says to a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connections.models import Reason, RefreshOutcome, Status, Trigger
from integrations.moments import span

if TYPE_CHECKING:
    from datetime import timedelta

    from connections.models import RefreshAttempt, Revocation, Transition, Verification

STATUS_TONES: dict[str, str] = {
    Status.INITIATED: "busy",
    Status.ACTIVE: "good",
    Status.INACTIVE: "quiet",
    Status.EXPIRED: "bad",
    Status.FAILED: "bad",
    Status.REVOKED: "warn",
    Status.DELETED: "quiet",
}

_TITLES: dict[str, str] = {
    Status.INITIATED: "Invited",
    Status.ACTIVE: "Became active",
    Status.INACTIVE: "Disabled",
    Status.EXPIRED: "Expired",
    Status.FAILED: "Failed to connect",
    Status.REVOKED: "Revoked",
    Status.DELETED: "Deleted",
}
_TITLES_BY_REASON: dict[str, str] = {
    Reason.CONNECTED: "Connected",
    Reason.IMPORTED: "Imported",
    Reason.RECONNECTED: "Reconnected",
    Reason.RECOVERED: "Recovered",
    Reason.ENABLED: "Enabled",
    Reason.LINK_EXPIRED: "Link ran out",
}

_REFRESHES: dict[str, tuple[str, str]] = {
    RefreshOutcome.STORED: ("Refreshed", "good"),
    RefreshOutcome.TRANSIENT: ("Refresh failed, will be tried again", "warn"),
    RefreshOutcome.IN_DOUBT: ("The provider's answer to a refresh was lost", "warn"),
    RefreshOutcome.TERMINAL: ("Refresh refused: the grant is dead", "bad"),
    # Not "the auth config": it may have been a client of before, of which no attempt tells.
    RefreshOutcome.CONFIGURATION: ("Refresh refused: the client is at fault, not the grant", "bad"),
    RefreshOutcome.SUPERSEDED: ("Refresh overtaken by a newer grant", "quiet"),
    RefreshOutcome.DISCARDED: ("Refresh thrown away: the account had ended", "quiet"),
}

_ACTORS = {
    "worker": "Worker",
    "person": "The person",
    "system": "Evergrant",
}
_KINDS_OF_ACTORS = {"operator": "Operator", "api_key": "API key"}


def actor(text: str) -> str:
    """Return an actor as a person says it: ``operator:alice`` is ``Operator alice``."""
    kind, colon, name = text.partition(":")
    if colon:
        return f"{_KINDS_OF_ACTORS.get(kind, kind)} {name}"
    return _ACTORS.get(text, text)


def status_and_reason(status: str, reason: str) -> tuple[str, str]:
    """Return the labels of a status and a reason code."""
    return _label(Status, status), _label(Reason, reason)


def transition_title(row: Transition) -> str:
    """Say what the account became."""
    if (row.to_status, row.reason) == (Status.INITIATED, Reason.IMPORTED):
        return "Taken over"
    return _TITLES_BY_REASON.get(row.reason) or _TITLES.get(row.to_status, row.to_status)


def transition_detail(row: Transition) -> str:
    """Say why, with the cause that was noted."""
    reason = _label(Reason, row.reason)
    return f"{reason}: {row.cause}" if row.cause else f"{reason}."


def refresh_title(row: RefreshAttempt) -> str:
    """Say how the attempt ended, or how often it did when the row stands for several."""
    if row.finished_at is None:
        return "Refresh cut short: its worker was killed"
    title = _REFRESHES.get(row.outcome, (_label(RefreshOutcome, row.outcome), ""))[0]
    return f"{title} {row.count} times" if row.count > 1 else title


def refresh_tone(row: RefreshAttempt) -> str:
    """Return the colour of the attempt's end."""
    return _REFRESHES.get(row.outcome, ("", "warn"))[1]


def refresh_detail(row: RefreshAttempt) -> str:
    """Say what asked for it, what the provider answered, how long it took, on which token."""
    parts = [_label(Trigger, row.trigger)]
    if row.error_code:
        parts.append(f"answer {row.error_code}")
    told = str(row.http_status) in row.error_code
    if row.http_status and row.outcome != RefreshOutcome.STORED and not told:
        parts.append(f"HTTP {row.http_status}")
    if row.finished_at is None:
        parts.append("the provider may have answered, and nobody heard it")
    elif row.count > 1:
        every = (row.finished_at - row.started_at) / (row.count - 1)
        parts.append(f"about every {span(every)}")
    else:
        parts.append(f"took {_seconds(row.finished_at - row.started_at)}")
    parts.append(f"generation {row.generation}")
    return " · ".join(parts)


def trigger(value: str) -> str:
    """Say what asked for a refresh."""
    return _label(Trigger, value)


def refresh_actor(row: RefreshAttempt) -> str:
    """Say who asked; the schedule asks through a worker."""
    asked = {Trigger.OPERATOR: "Operator", Trigger.API: "The app", Trigger.READ: "The app"}
    return asked.get(Trigger(row.trigger), "Worker")


def revocation_title(row: Revocation) -> str:
    """Say how far the revocation at the provider got."""
    if row.confirmed_at:
        return "Revoked at the provider"
    if row.superseded_at:
        return "Not revoked: the grant lives on"
    if row.given_up_at:
        return "Not revoked at the provider"
    return "Revoking at the provider"


def revocation_state(row: Revocation) -> str:
    """Name where the revocation stands, in a word or two."""
    ends = {
        "Confirmed": row.confirmed_at,
        "Superseded": row.superseded_at,
        "Given up": row.given_up_at,
    }
    return next((words for words, at in ends.items() if at), "Under way")


def revocation_tone(row: Revocation) -> str:
    """Return the colour of it."""
    if row.confirmed_at:
        return "good"
    if row.superseded_at:
        return "quiet"
    return "bad" if row.given_up_at else "busy"


def revocation_detail(row: Revocation) -> str:
    """Say what the provider answered and what an operator should do."""
    attempts = f"{row.attempt_count} attempt{'' if row.attempt_count == 1 else 's'}"
    if row.confirmed_at:
        return f"Confirmed after {_seconds(row.confirmed_at - row.requested_at)}, {attempts}."
    if row.superseded_at:
        return (
            "The same person has connected anew, or another project stands on the grant by the "
            "same app; revoking would have ended that too."
        )
    answer = f", last answer {row.error_code}" if row.error_code else ""
    if row.error_code == "revocation_unsupported":
        return (
            "The provider has no way to revoke a token. Ask the person to remove the access there."
        )
    if row.given_up_at and not row.attempt_count:
        return (
            "The stored credentials did not open, so there was nothing to revoke by. "
            "Ask the person to remove the access there."
        )
    if row.given_up_at:
        return f"Given up after {attempts}{answer}. Ask the person to remove the access there."
    return f"Tried until the provider confirms it: {attempts} so far{answer}."


def verification_title(row: Verification) -> str:
    """Say whether the app confirmed the person who came back from the provider."""
    if row.verified_at:
        return "The app confirmed its user"
    if row.refused_at:
        return "The app did not confirm its user"
    return "Not confirmed by the app" if row.ended_at else "Waiting for the app to confirm its user"


def verification_detail(row: Verification) -> str:
    """Say what the app answered, and what became of what was held."""
    if row.verified_at:
        return f"{row.stated_user_id} was signed in there, whom the link was made for."
    if row.refused_at:
        expected = row.account.entity.user_id
        return (
            f"The link was made for {expected}, and {row.stated_user_id} was signed in there. "
            "Nothing was exchanged, and the link is dead."
        )
    if row.ended_at and row.ended_at < row.expires_at:
        return (
            "The person set out once more from the same link, or the portal that she came from was "
            "withdrawn, so this trip was dropped."
        )
    if row.ended_at:
        return "The app did not answer in time. Nothing was exchanged."
    return (
        "The person was sent to the verification URL. Nothing is exchanged before the app answers."
    )


def verification_tone(row: Verification) -> str:
    """Return the colour of it."""
    if row.verified_at:
        return "good"
    if row.refused_at:
        return "bad"
    return "quiet" if row.ended_at else "busy"


def _seconds(length: timedelta) -> str:
    seconds = length.total_seconds()
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"


def _label(choices: type[Status | Reason | RefreshOutcome | Trigger], value: str) -> str:
    return str(dict(choices.choices).get(value, value))
