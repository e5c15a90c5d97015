"""Operations on endpoints."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections, transaction

from integrations.models import Project
from tests.receiver import Reply
from tests.webhooks.outbox import Outbox
from webhooks.delivering import deliver_due
from webhooks.endpoints import (
    create_endpoint,
    delete_endpoint,
    disable_endpoint,
    rotate_secret,
    send_test_event,
    update_endpoint,
)
from webhooks.errors import (
    EndpointDisabled,
    EndpointNotFound,
    EndpointUrlRefused,
    UnknownEventType,
)
from webhooks.models import DeliveryStatus, Endpoint


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("https://10.0.0.1/hook", "address_refused"),
        ("https://169.254.169.254/latest", "address_refused"),
        ("https://2130706433/hook", "address_refused"),
        ("https://user:password@127.0.0.1/hook", "invalid_url"),
        ("ftp://127.0.0.1/hook", "invalid_url"),
        ("javascript:alert(1)", "invalid_url"),
    ],
)
def test_a_url_that_may_not_be_called_is_refused(project: Project, url: str, reason: str) -> None:
    with pytest.raises(EndpointUrlRefused) as refused:
        create_endpoint(project=project, url=url)
    assert refused.value.details == {"reason": reason}
    assert not Endpoint.objects.exists()


def test_a_change_of_url_is_vetted_too(outbox: Outbox) -> None:
    endpoint, _ = outbox.subscribe()
    with pytest.raises(EndpointUrlRefused):
        update_endpoint(endpoint=endpoint, url="https://192.168.1.1/")


@pytest.mark.parametrize("name", ["connected_account.exploded", "endpoint.test"])
def test_an_event_type_that_nobody_can_subscribe_to_is_refused(project: Project, name: str) -> None:
    with pytest.raises(UnknownEventType, match=name):
        create_endpoint(project=project, url="http://127.0.0.1/", event_types=[name])


def test_the_secret_is_sealed_in_the_table(outbox: Outbox) -> None:
    endpoint, secret = outbox.subscribe()
    row = Endpoint.objects.filter(pk=endpoint.pk).values("secret").get()
    assert secret not in str(row)
    assert Endpoint.objects.get(pk=endpoint.pk).secret.reveal() == secret


def test_a_test_event_reaches_this_endpoint_alone(outbox: Outbox) -> None:
    endpoint, secret = outbox.subscribe(event_types=["connected_account.revoked"])
    outbox.subscribe("/other")
    event = send_test_event(endpoint=endpoint)
    deliver_due(now=event.occurred_at)
    [request] = outbox.receiver.received
    assert request.path == "/hook"
    assert request.verified(secret)["type"] == "endpoint.test"


def test_a_new_test_does_not_wait_for_the_one_before(outbox: Outbox) -> None:
    endpoint, _ = outbox.subscribe()
    outbox.receiver.answers("/hook", Reply(status=500), Reply())
    first = send_test_event(endpoint=endpoint)
    deliver_due(now=first.occurred_at)
    second = send_test_event(endpoint=endpoint)
    deliver_due(now=second.occurred_at)
    assert outbox.delivery(first).status == DeliveryStatus.SKIPPED
    assert outbox.delivery(second).status == DeliveryStatus.DELIVERED


def test_a_disabled_endpoint_takes_no_test(outbox: Outbox) -> None:
    endpoint, _ = outbox.subscribe()
    disable_endpoint(endpoint=endpoint, reason="Switched off.")
    with pytest.raises(EndpointDisabled):
        send_test_event(endpoint=endpoint)


def test_a_deleted_endpoint_is_sent_nothing_and_keeps_no_secret(outbox: Outbox) -> None:
    endpoint, _ = outbox.subscribe()
    event = outbox.record()
    for _ in range(2):
        rotate_secret(endpoint=endpoint)
    delete_endpoint(endpoint=endpoint)
    outbox.record()
    assert deliver_due(now=outbox.now) == 0
    assert outbox.delivery(event).status == DeliveryStatus.SKIPPED
    left = Endpoint.objects.get(pk=endpoint.pk)
    assert left.secret.reveal() == ""
    assert all(getattr(left, name) is None for name in ("previous_secret", "older_secrets"))
    with pytest.raises(EndpointNotFound):
        send_test_event(endpoint=endpoint)


@pytest.mark.django_db(transaction=True)
def test_deleting_an_endpoint_fails_no_change_that_records_an_event_for_it(
    outbox: Outbox,
) -> None:
    endpoint, _ = outbox.subscribe()

    def delete() -> None:
        try:
            delete_endpoint(endpoint=endpoint)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(max_workers=1) as pool, transaction.atomic():
        outbox.record()
        pool.submit(delete).result(timeout=10)
    assert deliver_due(now=outbox.now) == 0
