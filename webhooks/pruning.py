"""Forgets events that are old and delivered, with their deliveries and attempts."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import Exists, OuterRef, Q

from integrations.pruning import Policy
from webhooks.models import Delivery, DeliveryStatus, Event

if TYPE_CHECKING:
    from datetime import datetime


def policies(*, now: datetime) -> list[Policy]:
    """Return what this app forgets at ``now``.

    An event stays while it waits at an endpoint, and for as long again after it was delivered
    late, say by hand.
    """
    kept_since = now - timedelta(days=settings.HISTORY_DAYS)
    needed = Q(status=DeliveryStatus.PENDING) | Q(delivered_at__gte=kept_since)
    deliveries = Delivery.objects.filter(needed, event=OuterRef("pk"))
    return [
        Policy(
            name="events",
            rows=Event.objects.filter(~Exists(deliveries)),
            before=kept_since,
        )
    ]
