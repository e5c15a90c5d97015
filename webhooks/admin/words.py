"""How deliveries and endpoints look wherever they are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integrations.admin.marks import Tone, badge
from webhooks.models import DeliveryStatus

if TYPE_CHECKING:
    from django.utils.safestring import SafeString

    from webhooks.models import Delivery, Endpoint

_DELIVERY_TONES: dict[str, Tone] = {
    DeliveryStatus.PENDING: Tone.BUSY,
    DeliveryStatus.DELIVERED: Tone.GOOD,
    DeliveryStatus.FAILED: Tone.BAD,
    DeliveryStatus.SKIPPED: Tone.QUIET,
}


def delivery_badge(delivery: Delivery) -> SafeString:
    """Return how far a delivery got; a waiting one that was tried before is retrying."""
    retrying = delivery.status == DeliveryStatus.PENDING and delivery.attempt_count
    if retrying:
        return badge(f"Retrying ({delivery.attempt_count} failed)", Tone.WARN)
    return badge(delivery.get_status_display(), _DELIVERY_TONES[delivery.status])


def endpoint_badge(endpoint: Endpoint) -> SafeString:
    """Return whether an endpoint receives."""
    if not endpoint.enabled:
        return badge("Disabled", Tone.QUIET)
    return badge("Failing", Tone.WARN) if endpoint.failing_since else badge("Enabled", Tone.GOOD)
