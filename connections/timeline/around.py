"""What happened around the account: what the app was told, links, what staff did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.utils import timezone

from connections import causes, wording
from connections.models import ConnectAttempt, ConnectLink
from connections.timeline import words
from connections.timeline.entry import Kind, TimelineEntry
from connections.timeline.pages import deliveries_of, page
from integrations.models import AuditEntry
from integrations.models.audit_entry import Outcome
from webhooks.models import Event, EventType

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from connections.models import ConnectedAccount

# Every other event stands with the change of status that it tells of.
_EVENTS: Final = (EventType.REFRESH_FAILING, EventType.REFRESH_RECOVERED, EventType.EXPIRING_SOON)
# Actions that leave a row of their own which names who did it.
TOLD_ELSEWHERE: Final = ("disable", "enable", "revoke", "delete", "link", "probe")


def events(account: ConnectedAccount, limit: int, before: str) -> Iterator[TimelineEntry]:
    """Yield what the app was told that is no change of status."""
    rows = Event.objects.filter(subject_id=account.pk, type__in=_EVENTS).defer("sealed_data")
    found = list(page(rows, "evt", limit, before))
    deliveries = deliveries_of(row.pk for row in found)
    for row in found:
        code = str(row.data.get("error_code", ""))
        yield TimelineEntry(
            id=row.pk,
            at=row.occurred_at,
            kind=Kind.EVENT,
            title=words.event_title(row),
            detail=words.event_detail(row),
            actor=wording.actor("system"),
            tone=words.EVENT_TONES[row.type],
            code=row.type,
            meaning=causes.meaning(code) if code else "",
            event_id=row.pk,
            event_type=row.type,
            deliveries=tuple(deliveries.get(row.pk, ())),
        )


def links(account: ConnectedAccount, limit: int, before: str) -> Iterator[TimelineEntry]:
    """Yield links with what became of them."""
    now = timezone.now()
    found = list(page(ConnectLink.objects.filter(account=account), "cl", limit, before))
    trips = _trips(row.pk for row in found)
    for row in found:
        title, tone = words.link_title(row, trips.get(row.pk, []), now=now)
        yield TimelineEntry(
            id=row.pk,
            at=row.created_at,
            kind=Kind.LINK,
            title=title,
            detail=words.link_detail(row, trips.get(row.pk, []), now=now),
            actor=wording.actor(row.created_by),
            tone=tone,
        )


def staff(
    account: ConnectedAccount, limit: int, before: str, *, all_of_it: bool = True
) -> Iterator[TimelineEntry]:
    """Yield what staff did.

    Args:
        all_of_it: also what another entry tells of, with who did it.
    """
    rows = AuditEntry.objects.filter(subject_id=account.pk).exclude(outcome=Outcome.BEGUN)
    if not all_of_it:
        rows = rows.exclude(outcome=Outcome.DONE, action__in=TOLD_ELSEWHERE)
    for row in page(rows, "au", limit, before):
        yield TimelineEntry(
            id=row.pk,
            at=row.occurred_at,
            kind=Kind.STAFF,
            title=words.staff_title(row),
            detail=words.staff_detail(row),
            actor=f"Operator {row.actor_name}" if row.actor_name else "Nobody known",
            tone=words.STAFF_TONES[row.outcome],
            code=row.action,
        )


def _trips(link_ids: Iterable[str]) -> dict[str, list[ConnectAttempt]]:
    ids = list(link_ids)
    found: dict[str, list[ConnectAttempt]] = {}
    if ids:
        known = ("id", "link_id", "created_at", "consumed_at", "outcome")
        for trip in ConnectAttempt.objects.filter(link_id__in=ids).order_by("id").only(*known):
            found.setdefault(trip.link_id, []).append(trip)
    return found
