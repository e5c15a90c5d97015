"""Routes of events."""

from datetime import datetime
from typing import Annotated, Any

from django.db.models import QuerySet
from ninja import Query, Router, Schema, Status
from pydantic import Field

from integrations.api.access import ApiRequest, get_or_404, requires
from integrations.api.pagination import Page, PageQuery, paginate
from integrations.models.api_key import Scope
from webhooks.models import Delivery, DeliveryStatus, Endpoint, Event, EventType
from webhooks.redelivering import redeliver

router = Router(tags=["events"])

SubjectId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_]{1,32}$")]


class EventQuery(PageQuery):
    """Which events to list."""

    type: EventType | None = None
    connected_account_id: SubjectId | None = None


class EventOut(Schema):
    """An event as subscribers receive it. The data may hold a reconnect link."""

    id: str
    type: str
    timestamp: datetime
    data: dict[str, Any]


class AttemptOut(Schema):
    """One POST. Without `finished_at` it is under way, or was cut off and will be repeated."""

    number: int
    started_at: datetime
    finished_at: datetime | None
    http_status: int | None
    error_code: str
    response_excerpt: str


class DeliveryOut(Schema):
    """The way of an event to one endpoint."""

    id: str
    endpoint_id: str
    status: DeliveryStatus
    next_attempt_at: datetime | None
    delivered_at: datetime | None
    attempts: list[AttemptOut]

    @staticmethod
    def resolve_attempts(delivery: Delivery) -> list[Any]:
        return list(delivery.attempts.all())


class EventDetail(EventOut):
    """An event with its deliveries."""

    deliveries: list[DeliveryOut]


class Redelivery(Schema):
    """Where to."""

    endpoint_id: Annotated[
        SubjectId | None, Field(description="Absent: to every enabled endpoint that wants it.")
    ] = None


@router.get("", response=Page[EventOut], summary="List events")
@requires(Scope.READ)
def list_events(request: ApiRequest, query: Query[EventQuery]) -> Any:
    """Newest first."""
    rows = Event.objects.in_project(request.auth.project)
    if query.type:
        rows = rows.filter(type=query.type)
    if query.connected_account_id:
        rows = rows.filter(subject_id=query.connected_account_id)
    page: dict[str, Any] = paginate(rows, query)
    return page | {"items": [event.payload() for event in page["items"]]}


@router.get("/{event_id}", response=EventDetail, summary="Get an event with its deliveries")
@requires(Scope.READ)
def get_event(request: ApiRequest, event_id: str) -> Any:
    """One event, and what each endpoint answered to each attempt."""
    event = get_or_404(request, Event.objects.all(), event_id)
    return event.payload() | {"deliveries": _with_attempts(event.deliveries.all())}


@router.post("/{event_id}/redeliver", response={202: list[DeliveryOut]}, summary="Deliver again")
@requires(Scope.WRITE)
def redeliver_event(
    request: ApiRequest, event_id: str, body: Redelivery | None = None
) -> Status[Any]:
    """Deliver it once more, now, with the same `webhook-id`."""
    event = get_or_404(request, Event.objects.all(), event_id)
    endpoint_id = body.endpoint_id if body else None
    endpoint = endpoint_id and get_or_404(request, Endpoint.objects.living(), endpoint_id)
    waiting = redeliver(event=event, endpoint=endpoint or None)
    ids = [delivery.pk for delivery in waiting]
    return Status(202, list(_with_attempts(Delivery.objects.filter(pk__in=ids))))


def _with_attempts(deliveries: QuerySet[Delivery]) -> QuerySet[Delivery]:
    return deliveries.prefetch_related("attempts").order_by("pk")
