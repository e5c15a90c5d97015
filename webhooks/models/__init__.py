"""Events (the outbox), the endpoints that subscribe, and the deliveries between them."""

from webhooks.models.delivery import Delivery, DeliveryAttempt, DeliveryStatus
from webhooks.models.endpoint import Endpoint
from webhooks.models.event import Event, EventType

__all__ = [
    "Delivery",
    "DeliveryAttempt",
    "DeliveryStatus",
    "Endpoint",
    "Event",
    "EventType",
]
