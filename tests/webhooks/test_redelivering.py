"""Handing an event over once more."""

import pytest

from integrations.models import Project
from tests.receiver import Reply
from tests.webhooks.outbox import Outbox
from webhooks.delivering import deliver_due
from webhooks.endpoints import disable_endpoint, send_test_event
from webhooks.errors import EndpointDisabled, EndpointNotFound
from webhooks.models import Delivery, DeliveryStatus, EventType
from webhooks.redelivering import redeliver


def test_a_delivered_event_is_delivered_again_under_the_same_id(outbox: Outbox) -> None:
    outbox.subscribe()
    event = outbox.record()
    deliver_due(now=outbox.now)
    [waiting] = redeliver(event=event)
    assert waiting.next_attempt_at is not None
    deliver_due(now=waiting.next_attempt_at)
    assert [request.message_id for request in outbox.receiver.received] == [event.pk, event.pk]


def test_an_event_that_was_given_up_gets_the_whole_schedule_again(outbox: Outbox) -> None:
    outbox.subscribe()
    outbox.receiver.answers("/hook", Reply(status=500))
    event = outbox.record()
    Delivery.objects.update(status=DeliveryStatus.FAILED, attempt_count=10, next_attempt_at=None)
    [waiting] = redeliver(event=event)
    deliver_due(now=waiting.next_attempt_at or outbox.now)
    delivery = outbox.delivery(event)
    assert (delivery.status, delivery.attempt_count) == (DeliveryStatus.PENDING, 1)


def test_an_endpoint_of_today_gets_an_event_of_yesterday(outbox: Outbox) -> None:
    event = outbox.record()
    outbox.subscribe("/wants")
    outbox.subscribe("/does-not", event_types=[EventType.REVOKED])
    [waiting] = redeliver(event=event)
    deliver_due(now=waiting.next_attempt_at or outbox.now)
    assert [request.path for request in outbox.receiver.received] == ["/wants"]


def test_a_named_endpoint_gets_it_whether_it_subscribes_or_not(outbox: Outbox) -> None:
    outbox.subscribe("/all")
    named, _ = outbox.subscribe("/named", event_types=[EventType.REVOKED])
    event = outbox.record()
    deliver_due(now=outbox.now)
    [waiting] = redeliver(event=event, endpoint=named)
    deliver_due(now=waiting.next_attempt_at or outbox.now)
    assert [request.path for request in outbox.receiver.received] == ["/all", "/named"]


def test_a_test_event_stays_with_its_endpoint(outbox: Outbox) -> None:
    endpoint, _ = outbox.subscribe()
    outbox.subscribe("/other")
    event = send_test_event(endpoint=endpoint)
    assert [delivery.endpoint_id for delivery in redeliver(event=event)] == [endpoint.pk]


def test_a_disabled_endpoint_is_not_delivered_to(outbox: Outbox) -> None:
    endpoint, _ = outbox.subscribe()
    event = outbox.record()
    disable_endpoint(endpoint=endpoint, reason="Switched off.")
    endpoint.refresh_from_db()
    assert redeliver(event=event) == []
    with pytest.raises(EndpointDisabled):
        redeliver(event=event, endpoint=endpoint)


def test_an_event_never_reaches_another_projects_endpoint(outbox: Outbox) -> None:
    other = Outbox(
        project=Project.objects.create(name="Globex"), receiver=outbox.receiver, now=outbox.now
    )
    stranger, _ = other.subscribe()
    event = outbox.record()
    with pytest.raises(EndpointNotFound):
        redeliver(event=event, endpoint=stranger)
