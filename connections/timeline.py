"""What happened to one account, newest first: status, refreshes, revocations, verifications.

Ids of all kinds hold the time of their making in the same 22 characters, so they are both the
order of the whole and the cursor of a page (see `integrations.ids`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from heapq import nlargest
from typing import TYPE_CHECKING, Any, TypeVar

from django.db.models import Model

from connections import wording
from connections.actors import PERSON
from connections.models import RefreshAttempt, Revocation, Transition, Verification
from webhooks.models import Delivery

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from datetime import datetime

    from django.db.models import QuerySet

    from connections.models import ConnectedAccount

Row = TypeVar("Row", bound=Model)


class Kind(StrEnum):
    """What an entry is about."""

    TRANSITION = "transition"
    REFRESH = "refresh"
    REVOCATION = "revocation"
    VERIFICATION = "verification"


ALL_KINDS = frozenset(Kind)


@dataclass(frozen=True, kw_only=True)
class DeliveryState:
    """How far the entry's event got on its way to one endpoint. ``status`` is the code."""

    id: str
    endpoint_url: str
    status: str
    label: str
    attempt_count: int


@dataclass(frozen=True, kw_only=True)
class TimelineEntry:
    """One thing that happened, in words.

    ``tone`` is ``good``, ``busy``, ``warn``, ``bad`` or ``quiet``; ``code`` is the reason or
    outcome for machines; ``cursor`` continues the timeline after this entry. An entry with a
    ``count`` above 1 stands for so many things alike, the first at ``since``, the last at ``at``.
    """

    id: str
    at: datetime
    kind: Kind
    title: str
    detail: str
    actor: str
    tone: str
    code: str = ""
    count: int = 1
    since: datetime | None = None
    event_id: str = ""
    event_type: str = ""
    deliveries: tuple[DeliveryState, ...] = ()

    @property
    def cursor(self) -> str:
        """The part of the id that orders entries of every kind."""
        return self.id.partition("_")[2]


def timeline(
    account: ConnectedAccount,
    limit: int = 50,
    *,
    before: str = "",
    kinds: Collection[Kind] = ALL_KINDS,
) -> list[TimelineEntry]:
    """Return at most ``limit`` entries of ``account``, newest first.

    Args:
        before: an entry's ``cursor``: continue with what happened before it.
        kinds: which kinds of entries; all by default.
    """
    sources = (_READERS[kind](account, limit, before) for kind in Kind if kind in kinds)
    entries = [entry for source in sources for entry in source]
    return nlargest(limit, entries, key=lambda entry: entry.cursor)


def _page(rows: QuerySet[Row], prefix: str, limit: int, before: str) -> QuerySet[Row]:
    if before:
        rows = rows.filter(id__lt=f"{prefix}_{before}")
    return rows.order_by("-id")[:limit]


def _transitions(account: ConnectedAccount, limit: int, before: str) -> Iterator[TimelineEntry]:
    rows = Transition.objects.filter(account=account).select_related("event")
    page = list(_page(rows.defer("event__sealed_data"), "tr", limit, before))
    deliveries = _deliveries(row.event_id for row in page if row.event_id)
    for row in page:
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


def _refreshes(account: ConnectedAccount, limit: int, before: str) -> Iterator[TimelineEntry]:
    for row in _page(RefreshAttempt.objects.filter(account=account), "ra", limit, before):
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
        )


def _revocations(account: ConnectedAccount, limit: int, before: str) -> Iterator[TimelineEntry]:
    rows = Revocation.objects.filter(account=account).defer("payload")
    for row in _page(rows, "rv", limit, before):
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


def _verifications(account: ConnectedAccount, limit: int, before: str) -> Iterator[TimelineEntry]:
    rows = Verification.objects.filter(account=account).defer("held")
    rows = rows.select_related("account__entity")
    for row in _page(rows, "vf", limit, before):
        yield TimelineEntry(
            id=row.pk,
            at=row.held_at,
            kind=Kind.VERIFICATION,
            title=wording.verification_title(row),
            detail=wording.verification_detail(row),
            actor=wording.actor(row.answered_by or PERSON),
            tone=wording.verification_tone(row),
        )


_READERS: dict[Kind, Any] = {
    Kind.TRANSITION: _transitions,
    Kind.REFRESH: _refreshes,
    Kind.REVOCATION: _revocations,
    Kind.VERIFICATION: _verifications,
}


def _deliveries(event_ids: Iterable[str]) -> dict[str, list[DeliveryState]]:
    rows = Delivery.objects.filter(event_id__in=list(event_ids)).select_related("endpoint")
    states: dict[str, list[DeliveryState]] = {}
    for row in rows.only("id", "event_id", "status", "attempt_count", "endpoint__url"):
        state = DeliveryState(
            id=row.pk,
            endpoint_url=row.endpoint.url,
            status=row.status,
            label=row.get_status_display(),
            attempt_count=row.attempt_count,
        )
        states.setdefault(row.event_id, []).append(state)
    return states
