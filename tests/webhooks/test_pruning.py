"""Which events are forgotten."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings

from integrations.ids import id_at
from integrations.pruning import Pruning
from tests.webhooks.outbox import Outbox
from webhooks.models import Delivery, DeliveryAttempt, DeliveryStatus, Event
from webhooks.pruning import policies

HISTORY = timedelta(days=settings.HISTORY_DAYS)
DAY = timedelta(days=1)


def old_event(outbox: Outbox) -> Event:
    """Record an event as if it were a day older than what is kept."""
    event = outbox.record()
    fresh = Event.objects.get(pk=event.pk)
    event.pk = id_at("evt", outbox.now - HISTORY - DAY)
    event.sequence += 1_000_000
    event.save(force_insert=True)
    fresh.deliveries.update(event=event)
    fresh.delete()
    return event


def delivery(outbox: Outbox, status: DeliveryStatus, *, days_ago: int | None = None) -> Delivery:
    """Return the delivery of an old event to one endpoint, with an attempt."""
    outbox.subscribe()
    row = outbox.delivery(old_event(outbox))
    at = None if days_ago is None else outbox.now - timedelta(days=days_ago)
    Delivery.objects.filter(pk=row.pk).update(status=status, delivered_at=at)
    DeliveryAttempt.objects.create(
        project=outbox.project, delivery=row, number=1, started_at=outbox.now
    )
    return row


def prune(outbox: Outbox) -> int:
    return Pruning().run(policies(now=outbox.now), limit=100)["events"]


@pytest.mark.parametrize("status", [DeliveryStatus.FAILED, DeliveryStatus.SKIPPED])
def test_an_old_event_that_waits_nowhere_goes_with_its_deliveries(
    outbox: Outbox, status: DeliveryStatus
) -> None:
    delivery(outbox, status)
    assert prune(outbox) == 1
    assert not Delivery.objects.exists()
    assert not DeliveryAttempt.objects.exists()


def test_an_old_event_that_was_delivered_long_ago_goes(outbox: Outbox) -> None:
    delivery(outbox, DeliveryStatus.DELIVERED, days_ago=31)
    assert prune(outbox) == 1


def test_an_old_event_that_was_delivered_again_lately_stays(outbox: Outbox) -> None:
    delivery(outbox, DeliveryStatus.DELIVERED, days_ago=3)
    assert prune(outbox) == 0


def test_an_event_that_waits_at_an_endpoint_stays_however_old(outbox: Outbox) -> None:
    delivery(outbox, DeliveryStatus.PENDING)
    assert prune(outbox) == 0
    assert Delivery.objects.count() == 1


def test_an_old_event_that_nobody_subscribed_to_goes(outbox: Outbox) -> None:
    old_event(outbox)
    assert prune(outbox) == 1


def test_a_recent_event_stays(outbox: Outbox) -> None:
    outbox.record()
    assert prune(outbox) == 0
