"""An event is part of the change it tells of (faults 25)."""

import pytest
from django.db import transaction
from django.utils import timezone

from tests.webhooks.outbox import Outbox
from webhooks.models import Delivery, Event, EventType
from webhooks.recording import record_event


@pytest.mark.django_db(transaction=True)
def test_recording_outside_a_transaction_raises(outbox: Outbox) -> None:
    with pytest.raises(transaction.TransactionManagementError):
        record_event(
            project=outbox.project,
            type=EventType.EXPIRED,
            subject_id="ca_1",
            data={},
            now=timezone.now(),
        )


@pytest.mark.django_db(transaction=True)
def test_a_rollback_takes_the_event_and_its_deliveries_along(outbox: Outbox) -> None:
    outbox.subscribe()
    with transaction.atomic():
        event = outbox.record()
        assert event.deliveries.exists()
        transaction.set_rollback(True)
    assert not Event.objects.exists()
    assert not Delivery.objects.exists()


def test_every_endpoint_that_wants_it_gets_a_delivery(outbox: Outbox) -> None:
    everything, _ = outbox.subscribe("/all")
    this_kind, _ = outbox.subscribe("/expired", event_types=[EventType.EXPIRED])
    outbox.subscribe("/revoked", event_types=[EventType.REVOKED])
    event = outbox.record(type=EventType.EXPIRED)
    receivers = set(event.deliveries.values_list("endpoint_id", flat=True))
    assert receivers == {everything.pk, this_kind.pk}


def test_an_endpoint_of_one_customer_hears_of_no_other(outbox: Outbox) -> None:
    outbox.subscribe(tenant_id="globex")
    assert outbox.record(tenant_id="globex").deliveries.count() == 1
    assert outbox.record(tenant_id="initech").deliveries.count() == 0


def test_the_sequence_follows_the_order_of_recording(outbox: Outbox) -> None:
    first, second = outbox.record(), outbox.record()
    assert first.sequence < second.sequence


def test_a_reconnect_link_is_sealed_in_the_table_and_open_in_the_payload(outbox: Outbox) -> None:
    link = "https://connect.example/secret-link"
    event = outbox.record(sealed_data={"reauth_url": link})
    stored = Event.objects.get(pk=event.pk)
    assert link not in str(Event.objects.filter(pk=event.pk).values("data", "sealed_data").get())
    assert stored.payload()["data"]["reauth_url"] == link
