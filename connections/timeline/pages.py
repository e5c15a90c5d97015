"""What every part of a timeline needs: a page of its rows, and how far events got."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from django.db.models import Model

from connections.timeline.entry import DeliveryState
from webhooks.models import Delivery

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import QuerySet

Row = TypeVar("Row", bound=Model)


def page(rows: QuerySet[Row], prefix: str, limit: int, before: str) -> QuerySet[Row]:
    """Return the newest ``limit`` rows that were made before the cursor."""
    if before:
        rows = rows.filter(id__lt=f"{prefix}_{before}")
    return rows.order_by("-id")[:limit]


def deliveries_of(event_ids: Iterable[str]) -> dict[str, list[DeliveryState]]:
    """Return the deliveries of events, by event."""
    ids = list(event_ids)
    if not ids:
        return {}
    rows = Delivery.objects.filter(event_id__in=ids).select_related("endpoint").order_by("id")
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
