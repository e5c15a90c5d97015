"""What happened to the account itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connections import causes, wording
from connections.actors import PERSON
from connections.models import (
    Proof,
    RefreshAttempt,
    RefreshOutcome,
    Revocation,
    Transition,
    Verification,
)
from connections.timeline import words
from connections.timeline.entry import Kind, TimelineEntry
from connections.timeline.pages import deliveries_of, page
from connections.uses import use_of
from integrations.ids import id_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connections.models import ConnectedAccount


def transitions(account: ConnectedAccount, limit: int, before: str) -> Iterator[TimelineEntry]:
    """Yield changes of status with their events."""
    rows = Transition.objects.filter(account=account).select_related("event")
    found = list(page(rows.defer("event__sealed_data"), "tr", limit, before))
    deliveries = deliveries_of(row.event_id for row in found if row.event_id)
    for row in found:
        yield TimelineEntry(
            id=row.pk,
            at=row.occurred_at,
            kind=Kind.TRANSITION,
            title=wording.transition_title(row),
            detail=wording.transition_detail(row),
            actor=wording.actor(row.actor),
            tone=wording.STATUS_TONES[row.to_status],
            code=row.reason,
            # Events are forgotten sooner than changes of status.
            event_id=row.event_id or "",
            event_type=row.event.type if row.event else "",
            deliveries=tuple(deliveries.get(row.event_id or "", ())),
        )


def refreshes(account: ConnectedAccount, limit: int, before: str) -> Iterator[TimelineEntry]:
    """Yield refreshes, those that succeeded in a row as one."""
    for row in page(RefreshAttempt.objects.filter(account=account), "ra", limit, before):
        yield TimelineEntry(
            id=row.pk,
            at=(row.finished_at if row.count > 1 else None) or row.started_at,
            count=row.count,
            since=row.started_at if row.count > 1 else None,
            kind=Kind.REFRESH,
            title=wording.refresh_title(row),
            detail=wording.refresh_detail(row),
            actor=wording.refresh_actor(row),
            tone=wording.refresh_tone(row),
            code=row.outcome,
            meaning=_why(row),
        )


def _why(row: RefreshAttempt) -> str:
    if row.outcome == RefreshOutcome.STORED:
        return ""
    return causes.meaning(row.error_code, row.http_status)


def revocations(account: ConnectedAccount, limit: int, before: str) -> Iterator[TimelineEntry]:
    """Yield revocations at the provider."""
    rows = Revocation.objects.filter(account=account).defer("payload")
    for row in page(rows, "rv", limit, before):
        yield TimelineEntry(
            id=row.pk,
            at=row.requested_at,
            kind=Kind.REVOCATION,
            title=wording.revocation_title(row),
            detail=wording.revocation_detail(row),
            actor=wording.actor(row.requested_by),
            tone=wording.revocation_tone(row),
            code=row.error_code,
        )


def verifications(account: ConnectedAccount, limit: int, before: str) -> Iterator[TimelineEntry]:
    """Yield what the app was asked about people who came back, and what it said."""
    rows = Verification.objects.filter(account=account).defer("held")
    for row in page(rows.select_related("account__entity"), "vf", limit, before):
        yield TimelineEntry(
            id=row.pk,
            at=row.held_at,
            kind=Kind.VERIFICATION,
            title=wording.verification_title(row),
            detail=wording.verification_detail(row),
            actor=wording.actor(row.answered_by or PERSON),
            tone=wording.verification_tone(row),
        )


def proofs(account: ConnectedAccount, limit: int, before: str) -> Iterator[TimelineEntry]:
    """Yield what probes brought, alike answers in a row as one."""
    for row in page(Proof.objects.filter(account=account), "pf", limit, before):
        yield TimelineEntry(
            id=row.pk,
            at=row.last_at,
            count=row.count,
            since=row.first_at if row.count > 1 else None,
            kind=Kind.PROOF,
            title=words.proof_title(row),
            detail=words.proof_detail(row),
            actor=wording.actor(row.asked_by),
            tone=words.PROOF_TONES[row.outcome],
            code=row.outcome,
            meaning=causes.meaning(row.error_code, row.http_status),
        )


def uses(account: ConnectedAccount, limit: int, before: str) -> Iterator[TimelineEntry]:
    """Yield all uses as one entry, where the last one was."""
    row = use_of(account)
    if row is None:
        return
    entry = TimelineEntry(
        id=id_at("us", row.last_at),
        at=row.last_at,
        count=row.count,
        since=row.first_at if row.count > 1 else None,
        kind=Kind.USE,
        title=words.use_title(row),
        detail=words.use_detail(row),
        actor="The app",
        tone="quiet",
    )
    if not before or entry.cursor < before:
        yield entry
