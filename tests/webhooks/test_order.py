"""A subject's events in order; nobody else waits (faults 27)."""

from datetime import timedelta

from tests.receiver import Receiver, Reply
from tests.webhooks.outbox import Outbox
from webhooks.delivering import deliver_due
from webhooks.models import Delivery, DeliveryStatus


def ids_at(receiver: Receiver, path: str = "/hook") -> list[str]:
    return [request.message_id for request in receiver.at(path)]


def test_events_of_one_account_arrive_in_order(outbox: Outbox) -> None:
    outbox.subscribe()
    events = [outbox.record("ca_1") for _ in range(5)]
    assert deliver_due(now=outbox.now) == 5
    assert ids_at(outbox.receiver) == [event.pk for event in events]


def test_later_events_of_a_failing_account_wait_and_other_accounts_flow(outbox: Outbox) -> None:
    outbox.subscribe()
    outbox.receiver.answers("/hook", Reply(status=500), Reply())
    first, later = outbox.record("ca_1"), outbox.record("ca_1")
    deliver_due(now=outbox.now, limit=1)
    other = outbox.record("ca_2")
    deliver_due(now=outbox.now)
    assert ids_at(outbox.receiver) == [first.pk, other.pk]
    deliver_due(now=outbox.now + timedelta(minutes=1))
    assert ids_at(outbox.receiver)[2:] == [first.pk, later.pk]


def test_an_endpoint_that_fails_holds_back_no_other_endpoint(outbox: Outbox) -> None:
    outbox.subscribe("/bad")
    outbox.subscribe("/good")
    outbox.receiver.answers("/bad", Reply(status=500))
    events = [outbox.record("ca_1"), outbox.record("ca_1")]
    deliver_due(now=outbox.now)
    assert ids_at(outbox.receiver, "/good") == [event.pk for event in events]
    assert ids_at(outbox.receiver, "/bad") == [events[0].pk]


def test_when_an_event_is_given_up_the_later_ones_go_on(outbox: Outbox) -> None:
    outbox.subscribe()
    given_up, later = outbox.record("ca_1"), outbox.record("ca_1")
    Delivery.objects.filter(event=given_up).update(status=DeliveryStatus.FAILED)
    deliver_due(now=outbox.now)
    assert ids_at(outbox.receiver) == [later.pk]


def test_a_delivery_under_way_holds_back_the_next_of_its_subject(outbox: Outbox) -> None:
    outbox.subscribe()
    under_way, _ = outbox.record("ca_1"), outbox.record("ca_1")
    lease = outbox.now + timedelta(seconds=30)
    Delivery.objects.filter(event=under_way).update(lease_until=lease)
    assert deliver_due(now=outbox.now) == 0
