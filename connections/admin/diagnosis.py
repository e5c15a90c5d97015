"""Why an account is not as it should be, and what to do: what its page says first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from connections.admin.advice import advice_on, stands_on_refused_client
from connections.admin.chain import Step, chain_of
from connections.models import Reason, Status
from integrations.admin.marks import Tone
from integrations.moments import relative, span

if TYPE_CHECKING:
    from datetime import datetime

    from connections.models import ConnectedAccount

# An end that is nearer is worth the person's while.
ENDS_SOON: Final = timedelta(days=14)
# Due for longer, and with nothing that explains it, nobody refreshes.
OVERDUE: Final = timedelta(minutes=5)
_TITLES: Final[dict[str, str]] = {
    Status.INITIATED: "What is it waiting for?",
    Status.ACTIVE: "What is wrong?",
    Status.INACTIVE: "Why is it disabled?",
    Status.EXPIRED: "Why did this break?",
    Status.FAILED: "Why did this fail?",
    Status.REVOKED: "How did it end?",
    Status.DELETED: "How did it end?",
}
_VERDICTS: Final[dict[str, str]] = {
    Reason.GRANT_REVOKED: "The grant was withdrawn at {kit}.",
    Reason.REFRESH_TOKEN_EXPIRED: "The grant reached the end that {kit} sets.",
    Reason.ROTATION_LOST: "New tokens were lost on the way from {kit}; the old ones are spent.",
    Reason.TOKEN_EXPIRED: "The access token ended, and {kit} gave nothing to renew it with.",
    Reason.PROBE_REJECTED: "{kit} does not accept the credentials any more.",
    Reason.CONSENT_DENIED: "The person declined at {kit}.",
    Reason.EXCHANGE_FAILED: "{kit} did not hand over credentials.",
    Reason.IDENTITY_MISMATCH: "Another account was chosen at {kit} than the one of before.",
    Reason.VERIFICATION_FAILED: "The app did not confirm that it was its user who connected.",
}
_OPERATIONS: Final[dict[str, str]] = {
    Status.INITIATED: "link",
    Status.EXPIRED: "link",
    Status.FAILED: "link",
    Status.REVOKED: "link",
    Status.INACTIVE: "enable",
}


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """What is wrong, from facts only.

    Attributes:
        verdict: in a sentence.
        steps: what led to it, the oldest first.
        advice: what to do; ``operation`` does it, where a button can.
    """

    title: str
    verdict: str
    tone: Tone
    advice: str
    operation: str
    steps: list[Step]


def diagnose(account: ConnectedAccount, *, now: datetime) -> Diagnosis | None:
    """Return what is wrong with ``account``; None where nothing is."""
    advice, tone = advice_on(account, now=now)
    operation = _OPERATIONS.get(account.status, "")
    if account.status == Status.ACTIVE:
        if stands_on_refused_client(account):
            operation = "link"
        if not advice:
            advice, operation = _foreseen(account, now)
            tone = Tone.WARN
        if not advice:
            return None
    return Diagnosis(
        title=_title(account),
        verdict=_verdict(account, now),
        tone=tone,
        advice=advice,
        operation=operation,
        steps=chain_of(account, now=now),
    )


def well_being(account: ConnectedAccount, *, now: datetime) -> str:
    """Say how well an account is with which nothing is wrong."""
    parts = []
    if account.refreshed_at is not None:
        parts.append(f"refreshed {relative(account.refreshed_at, now=now)}")
    if account.expires_at is None:
        parts.append("its token has no end")
    elif account.expires_at > now:
        parts.append(f"its token lives {span(account.expires_at - now)} more")
    if account.refresh_at is not None and account.refresh_at > now:
        parts.append(f"the next refresh is {relative(account.refresh_at, now=now)}")
    told = ", ".join(parts)
    return f"All is well. {told[:1].upper()}{told[1:]}." if told else "All is well."


def _title(account: ConnectedAccount) -> str:
    if account.status_reason == Reason.LINK_EXPIRED:
        return _TITLES[Status.INITIATED]
    return _TITLES[account.status]


def _verdict(account: ConnectedAccount, now: datetime) -> str:
    if account.status != Status.ACTIVE:
        words = _VERDICTS.get(account.status_reason)
        reason = f"{account.get_status_reason_display()}."
        return words.format(kit=account.auth_config.toolkit_name) if words else reason
    if account.auth_config.client_holder.misconfigured_since is not None:
        return "The client is refused, so nobody's token is refreshed. No account is at fault."
    if account.in_doubt_since is not None:
        return "A refresh was cut short, and its answer is not known."
    if account.refresh_failing_since is not None:
        former = "The client that it was granted to, one of before, is refused."
        fails = "Refreshing fails. The grant itself may be in order."
        return former if stands_on_refused_client(account) else fails
    if account.refresh_at is not None and account.refresh_at < now - OVERDUE:
        return "Its refresh is overdue."
    return "Nothing is wrong yet, but the grant will end."


def _foreseen(account: ConnectedAccount, now: datetime) -> tuple[str, str]:
    """Return advice on what has not happened yet, and the operation; empty where nothing is."""
    if account.refresh_at is not None and account.refresh_at < now - OVERDUE:
        late = span(now - account.refresh_at)
        return (
            f"It is due for {late}. Look at the workers: are there enough, do they work?",
            "refresh",
        )
    ends = account.grant_ends_at
    if ends is not None and ends < now + ENDS_SOON and ends != account.expires_at:
        text = f"The grant ends {relative(ends, now=now)}. The person can reconnect it before."
        return text, "link"
    return "", ""
