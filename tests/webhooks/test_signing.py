"""Signatures that the specification's library accepts, also while a secret is being changed."""

import base64
from datetime import timedelta, timezone

import pytest
from django.utils import timezone as clock
from standardwebhooks import Webhook, WebhookVerificationError

from tests.integrations.sealing import plant_broken
from tests.webhooks.outbox import Outbox
from webhooks.delivering import deliver_due
from webhooks.endpoints import rotate_secret
from webhooks.errors import InvalidOverlap, TooManySecrets
from webhooks.former_secrets import MOST_FORMER
from webhooks.models import Endpoint
from webhooks.signing import new_secret, signature_headers, signing_secrets

BODY = '{"type":"connected_account.expired"}'


def test_a_secret_is_32_random_bytes() -> None:
    secret = new_secret().reveal()
    assert secret.startswith("whsec_")
    assert len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) == 32
    assert new_secret().reveal() != secret


@pytest.mark.parametrize("hours", [0, -11, 5.5])
def test_the_library_verifies_a_time_of_any_zone(hours: float) -> None:
    secret = new_secret()
    now = clock.now().astimezone(timezone(timedelta(hours=hours)))
    headers = signature_headers(message_id="evt_1", body=BODY, signed_by=[secret], now=now)
    assert Webhook(secret.reveal()).verify(BODY, headers) == {"type": "connected_account.expired"}


def test_another_secret_does_not_verify() -> None:
    headers = signature_headers(
        message_id="evt_1", body=BODY, signed_by=[new_secret()], now=clock.now()
    )
    with pytest.raises(WebhookVerificationError):
        Webhook(new_secret().reveal()).verify(BODY, headers)


def test_both_secrets_verify_in_the_overlap(outbox: Outbox) -> None:
    endpoint, old = outbox.subscribe()
    new = rotate_secret(endpoint=endpoint).secret.reveal()
    event = outbox.record()
    deliver_due(now=outbox.now)
    [request] = outbox.receiver.received
    assert request.verified(old)["id"] == request.verified(new)["id"] == event.pk


def test_the_old_secret_signs_until_the_overlap_ends(outbox: Outbox) -> None:
    endpoint, _ = outbox.subscribe()
    rotated = rotate_secret(endpoint=endpoint, overlap=timedelta(hours=1)).endpoint
    ends = rotated.previous_secret_until
    assert ends is not None
    stored = Endpoint.objects.get(pk=endpoint.pk)
    assert len(signing_secrets(stored, now=ends - timedelta(seconds=1))) == 2
    assert len(signing_secrets(stored, now=ends)) == 1


def test_a_second_rotation_takes_no_promise_back(outbox: Outbox) -> None:
    endpoint, first = outbox.subscribe()
    secrets = [rotate_secret(endpoint=endpoint).secret.reveal() for _ in range(2)]
    event = outbox.record()
    deliver_due(now=outbox.now)
    [request] = outbox.receiver.received
    assert [request.verified(each)["id"] for each in (first, *secrets)] == [event.pk] * 3


def test_each_secret_has_its_own_end(outbox: Outbox) -> None:
    endpoint, first = outbox.subscribe()
    rotate_secret(endpoint=endpoint, overlap=timedelta(hours=24))
    second = rotate_secret(endpoint=endpoint, overlap=timedelta(hours=1)).endpoint
    assert second.previous_secret_until is not None
    stored = Endpoint.objects.get(pk=endpoint.pk)
    signing = signing_secrets(stored, now=second.previous_secret_until)
    assert [each.reveal() for each in signing] == [stored.secret.reveal(), first]
    assert len(signing_secrets(stored, now=clock.now() + timedelta(hours=25))) == 1


def test_secrets_are_kept_until_there_are_too_many(outbox: Outbox) -> None:
    endpoint, first = outbox.subscribe()
    for _ in range(MOST_FORMER):
        rotate_secret(endpoint=endpoint)
    with pytest.raises(TooManySecrets):
        rotate_secret(endpoint=endpoint)
    stored = Endpoint.objects.get(pk=endpoint.pk)
    assert first in [each.reveal() for each in signing_secrets(stored, now=clock.now())]
    rotate_secret(endpoint=endpoint, overlap=timedelta(0))
    stored = Endpoint.objects.get(pk=endpoint.pk)
    assert len(signing_secrets(stored, now=clock.now())) == 1


def test_older_secrets_that_do_not_open_hold_up_no_rotation(outbox: Outbox) -> None:
    endpoint, _ = outbox.subscribe()
    for _ in range(2):
        rotate_secret(endpoint=endpoint)
    swapped = Endpoint.objects.values_list("previous_secret", flat=True).get()
    Endpoint.objects.update(older_secrets=swapped)
    rotate_secret(endpoint=endpoint)
    stored = Endpoint.objects.get(pk=endpoint.pk)
    assert len(signing_secrets(stored, now=clock.now())) == 3


def test_a_leaked_secret_can_be_taken_out_at_once(outbox: Outbox) -> None:
    endpoint, old = outbox.subscribe()
    rotate_secret(endpoint=endpoint, overlap=timedelta(0))
    outbox.record()
    deliver_due(now=outbox.now)
    with pytest.raises(WebhookVerificationError):
        outbox.receiver.received[0].verified(old)


@pytest.mark.parametrize("overlap", [timedelta(seconds=-1), timedelta(days=8)])
def test_an_overlap_has_its_limits(outbox: Outbox, overlap: timedelta) -> None:
    endpoint, _ = outbox.subscribe()
    with pytest.raises(InvalidOverlap):
        rotate_secret(endpoint=endpoint, overlap=overlap)


def test_a_secret_that_does_not_open_gives_way_without_an_overlap(outbox: Outbox) -> None:
    endpoint, _ = outbox.subscribe()
    rotated = rotate_secret(endpoint=plant_broken(endpoint, "secret"))
    assert Endpoint.objects.filter(previous_secret=None, previous_secret_until=None).exists()
    event = outbox.record()
    deliver_due(now=outbox.now)
    [request] = outbox.receiver.received
    assert request.verified(rotated.secret.reveal())["id"] == event.pk
