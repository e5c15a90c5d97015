"""The operation that delivers an event once more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integrations.admin.operations import Done, Operation
from webhooks.redelivering import redeliver

if TYPE_CHECKING:
    from django.http import HttpRequest

    from webhooks.models import Delivery, Event


def _redeliver_one(delivery: Delivery, _request: HttpRequest, _note: str) -> Done:
    redeliver(event=delivery.event, endpoint=delivery.endpoint)
    return Done(message="is being delivered again.")


def _redeliver_to_all(event: Event, _request: HttpRequest, _note: str) -> Done:
    deliveries = redeliver(event=event)
    if not deliveries:
        return Done(message="no enabled endpoint wants it, so nothing is delivered.")
    count = len(deliveries)
    return Done(message=f"is being delivered again to {count} endpoint{'s' if count > 1 else ''}.")


_CONSEQUENCE = "The receiver gets it again under the same webhook-id, so it can tell it knows it."

REDELIVER = Operation(
    name="redeliver",
    title="Redeliver",
    icon="replay",
    permission="webhooks.change_delivery",
    consequence=_CONSEQUENCE,
    run=_redeliver_one,
)
REDELIVER_EVENT = Operation(
    name="redeliver",
    title="Redeliver",
    icon="replay",
    permission="webhooks.change_delivery",
    consequence=_CONSEQUENCE,
    run=_redeliver_to_all,
)
