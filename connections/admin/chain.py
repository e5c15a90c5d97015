"""What led to how an account stands: the facts that matter, the oldest first."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby, takewhile
from operator import attrgetter
from typing import TYPE_CHECKING, Final

from connections import causes, wording
from connections.lifecycle import HOLDS_CREDENTIALS
from connections.models import (
    Proof,
    ProofOutcome,
    RefreshAttempt,
    RefreshOutcome,
    Revocation,
    Status,
    Transition,
)
from connections.timeline import Kind, timeline
from connections.timeline.pages import deliveries_of
from connections.uses import use_of
from integrations.admin.marks import Tone
from webhooks.models.delivery import DeliveryStatus

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from connections.models import ConnectedAccount
    from connections.timeline import DeliveryState

# So many of the newest refreshes and proofs are looked at.
LOOKED_AT: Final = 8
_NEEDS_LINK: Final = {Status.INITIATED, Status.EXPIRED, Status.FAILED, Status.REVOKED}


@dataclass(frozen=True, kw_only=True)
class Step:
    """One fact. ``meaning``: what is known to lead to it, or what came of it."""

    at: datetime
    text: str
    tone: Tone = Tone.QUIET
    meaning: str = ""


def chain_of(account: ConnectedAccount, *, now: datetime) -> list[Step]:
    """Return the facts that led to how ``account`` stands, the oldest first."""
    steps = [
        *_grant(account),
        *_refreshes(account),
        *_proofs(account),
        *_client(account),
        *_last_use(account),
        *_change(account),
        *_revocation(account),
        *_link(account),
    ]
    return sorted(steps, key=attrgetter("at"))


def _grant(account: ConnectedAccount) -> Iterator[Step]:
    given, refreshed = account.granted_at, account.refreshed_at
    if given is not None:
        yield Step(at=given, text="The person gave the grant.", tone=Tone.GOOD)
    if refreshed is not None and refreshed != given and account.status in HOLDS_CREDENTIALS:
        kit = account.auth_config.toolkit_name
        yield Step(at=refreshed, text=f"{kit} gave new tokens for the last time.", tone=Tone.GOOD)


def _refreshes(account: ConnectedAccount) -> Iterator[Step]:
    newest = RefreshAttempt.objects.filter(account=account).order_by("-id")[:LOOKED_AT]
    failed = list(takewhile(lambda row: row.outcome != RefreshOutcome.STORED, newest))[::-1]
    for _, same in groupby(failed, key=_sort):
        yield _refresh(list(same), account.auth_config.toolkit_name)


def _sort(row: RefreshAttempt) -> tuple[str, str, bool]:
    return row.outcome, row.error_code, row.finished_at is None


def _refresh(rows: list[RefreshAttempt], kit: str) -> Step:
    last = rows[-1]
    times = f" {len(rows)} times" if len(rows) > 1 else ""
    answer = _answer(last.error_code, last.http_status)
    said: dict[str, str] = {
        RefreshOutcome.TERMINAL: f"{kit} refused the refresh token with {answer}.",
        RefreshOutcome.CONFIGURATION: f"{kit} refused the client with {answer}{times}.",
        RefreshOutcome.TRANSIENT: f"Refreshing failed{times}: {answer}.",
        RefreshOutcome.IN_DOUBT: f"{kit}'s answer to a refresh was lost{times}: {answer}.",
    }
    text = said.get(last.outcome, f"{wording.refresh_title(last)}.")
    if last.finished_at is None:
        text = f"A worker was killed while it asked {kit} for new tokens. {kit} may have answered."
    return Step(
        at=last.finished_at or last.started_at,
        text=text,
        tone=Tone(wording.refresh_tone(last)),
        meaning=causes.meaning(last.error_code, last.http_status),
    )


def _proofs(account: ConnectedAccount) -> Iterator[Step]:
    kit = account.auth_config.toolkit_name
    newest = Proof.objects.filter(account=account).order_by("-id")[:LOOKED_AT]
    for row in takewhile(lambda row: row.outcome != ProofOutcome.ALIVE, newest):
        refused = row.outcome == ProofOutcome.REFUSED
        said = f"{kit} refused the access token" if refused else "A proof brought no answer"
        times = f" {row.count} times" if row.count > 1 else ""
        yield Step(
            at=row.last_at,
            text=f"{said}{times}: {_answer(row.error_code, row.http_status)}.",
            tone=Tone.BAD if refused else Tone.WARN,
            meaning=causes.meaning(row.error_code, row.http_status),
        )


def _answer(code: str, http_status: int | None) -> str:
    """Return code and status as one reads them; many a code is the status."""
    if http_status is None or str(http_status) in code:
        return code or "no code"
    return f"{code}, HTTP {http_status}" if code else f"HTTP {http_status}"


def _client(account: ConnectedAccount) -> Iterator[Step]:
    config = account.auth_config
    refused = config if config.misconfigured_since else config.client_holder
    if account.status == Status.ACTIVE and refused.misconfigured_since is not None:
        code = refused.misconfigured_error or "refused"
        yield Step(
            at=refused.misconfigured_since,
            text=f"{config.toolkit_name} began to refuse the client: {code}.",
            tone=Tone.BAD,
            meaning=causes.meaning(code),
        )


def _last_use(account: ConnectedAccount) -> Iterator[Step]:
    row = use_of(account)
    if row is not None:
        yield Step(at=row.last_at, text="The app used it for the last time.")


def _change(account: ConnectedAccount) -> Iterator[Step]:
    newest = Transition.objects.filter(account=account).order_by("-id")
    row = newest.select_related("event").defer("event__sealed_data").first()
    if row is None or account.status == Status.ACTIVE:
        return
    told = _told(deliveries_of([row.event_id]).get(row.event_id, [])) if row.event_id else ""
    yield Step(
        at=row.occurred_at,
        text=f"{wording.transition_title(row)}. {wording.transition_detail(row)}",
        tone=Tone(wording.STATUS_TONES[row.to_status]),
        meaning=f"By {wording.actor(row.actor)}. {told}".strip(),
    )


def _told(deliveries: list[DeliveryState]) -> str:
    if not deliveries:
        return "No endpoint of the app's wanted to know."
    reached = sum(each.status == DeliveryStatus.DELIVERED for each in deliveries)
    if reached == len(deliveries):
        return "The app was told."
    return f"The app was told at {reached} of {len(deliveries)} endpoints so far."


def _revocation(account: ConnectedAccount) -> Iterator[Step]:
    if account.status not in {Status.REVOKED, Status.DELETED}:
        return
    row = Revocation.objects.filter(account=account).defer("payload").order_by("-id").first()
    if row is not None:
        yield Step(
            at=row.confirmed_at or row.given_up_at or row.superseded_at or row.requested_at,
            text=f"{wording.revocation_title(row)}.",
            tone=Tone(wording.revocation_tone(row)),
            meaning=wording.revocation_detail(row),
        )


def _link(account: ConnectedAccount) -> Iterator[Step]:
    if account.status in _NEEDS_LINK:
        for entry in timeline(account, 1, kinds={Kind.LINK}):
            yield Step(
                at=entry.at, text=f"{entry.title}.", tone=Tone(entry.tone), meaning=entry.detail
            )
