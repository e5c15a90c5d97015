"""Hands an event over once more, because somebody asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from webhooks.errors import EndpointDisabled, EndpointNotFound
from webhooks.models import Delivery, DeliveryStatus, Endpoint, EventType
from webhooks.tasks import wake_deliverer

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from webhooks.models import Event


def redeliver(*, event: Event, endpoint: Endpoint | None = None) -> list[Delivery]:
    """Deliver ``event`` again now, with the same ``webhook-id`` and a schedule from its start.

    Args:
        endpoint: to this one, whether it subscribes or not. Without it: to every enabled endpoint
            that the event was for or that subscribes to it by now.

    Returns:
        The deliveries that wait now; none where no enabled endpoint wants the event.

    Raises:
        EndpointNotFound: it is another project's, or deleted.
        EndpointDisabled: nothing would be delivered to it.
    """
    now = timezone.now()
    endpoints = _audience(event) if endpoint is None else [_vet(event, endpoint)]
    with transaction.atomic():
        deliveries = [_requeue(event, receiver, now=now) for receiver in endpoints]
        if deliveries:
            transaction.on_commit(wake_deliverer)
    return deliveries


def _vet(event: Event, endpoint: Endpoint) -> Endpoint:
    if endpoint.project_id != event.project_id or endpoint.deleted_at:
        raise EndpointNotFound
    if not endpoint.enabled:
        raise EndpointDisabled
    return endpoint


def _audience(event: Event) -> Iterable[Endpoint]:
    wanted = Q(deliveries__event=event)
    if event.type != EventType.TEST:
        wanted |= Q(pk__in=Endpoint.objects.subscribed_to(event))
    return Endpoint.objects.living().filter(wanted, enabled=True).order_by("pk").distinct()


def _requeue(event: Event, endpoint: Endpoint, *, now: datetime) -> Delivery:
    """Make the delivery pending. An attempt under way keeps its lease: there are never two."""
    delivery, _ = Delivery.objects.update_or_create(
        event=event,
        endpoint=endpoint,
        defaults={
            "status": DeliveryStatus.PENDING,
            "attempt_count": 0,
            "next_attempt_at": now,
            "delivered_at": None,
        },
        create_defaults={
            "project_id": event.project_id,
            "subject_id": event.subject_id,
            "sequence": event.sequence,
            "next_attempt_at": now,
        },
    )
    return delivery
