"""One event, one endpoint: what is sent, and what each answer means (faults 28)."""

from datetime import timedelta
from itertools import pairwise

import pytest
from structlog.testing import capture_logs

from integrations.outbound import limits, preparing
from tests.receiver import Reply
from tests.webhooks.outbox import Outbox
from webhooks.delivering import deliver_due
from webhooks.models import Delivery, DeliveryAttempt, DeliveryStatus, Endpoint
from webhooks.retry import DELAYS


def test_a_subscriber_verifies_what_it_is_sent(outbox: Outbox) -> None:
    _, secret = outbox.subscribe()
    event = outbox.record()
    assert deliver_due(now=outbox.now) == 1
    [request] = outbox.receiver.received
    assert request.message_id == event.pk
    assert request.headers["content-type"] == "application/json"
    assert request.verified(secret) == event.payload()
    assert outbox.delivery(event).status == DeliveryStatus.DELIVERED


def test_what_is_delivered_is_not_delivered_again(outbox: Outbox) -> None:
    outbox.subscribe()
    outbox.record()
    deliver_due(now=outbox.now)
    assert deliver_due(now=outbox.now + timedelta(days=1)) == 0


def test_the_attempt_is_kept_with_the_answer(outbox: Outbox) -> None:
    outbox.subscribe()
    outbox.receiver.answers(
        "/hook", Reply(status=500, body=b"no\x00 luck\x1b[31m\xe2\x80\xae\xff!")
    )
    event = outbox.record()
    deliver_due(now=outbox.now)
    attempt: DeliveryAttempt = outbox.delivery(event).attempts.get()
    assert (attempt.number, attempt.http_status, attempt.error_code) == (1, 500, "http_500")
    assert attempt.response_excerpt == "no luck [31m \ufffd!"
    assert attempt.finished_at is not None
    assert attempt.finished_at >= attempt.started_at


@pytest.mark.parametrize("status", [301, 302, 307, 400, 401, 404, 429, 500, 503])
def test_anything_but_2xx_is_a_failure(outbox: Outbox, status: int) -> None:
    outbox.subscribe()
    elsewhere = {"location": outbox.receiver.url + "/elsewhere"}
    outbox.receiver.answers("/hook", Reply(status=status, headers=elsewhere))
    event = outbox.record()
    deliver_due(now=outbox.now)
    delivery = outbox.delivery(event)
    assert delivery.status == DeliveryStatus.PENDING
    assert delivery.next_attempt_at is not None
    assert delivery.next_attempt_at >= outbox.now + DELAYS[1]
    assert outbox.receiver.at("/elsewhere") == []


def test_a_refused_connection_is_a_failure(outbox: Outbox) -> None:
    outbox.subscribe()
    event = outbox.record()
    outbox.receiver.close()
    deliver_due(now=outbox.now)
    assert outbox.delivery(event).attempts.get().error_code == "connect_failed"


def test_an_answer_that_takes_too_long_is_a_failure(
    outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = limits.Limits(deadline=0.2, max_response_bytes=1024)
    monkeypatch.setattr(preparing, "LIMITS", {limits.Role.WEBHOOK: short})
    outbox.subscribe()
    outbox.receiver.answers("/hook", Reply(delay=30))
    event = outbox.record()
    deliver_due(now=outbox.now)
    assert outbox.delivery(event).attempts.get().error_code == "deadline_exceeded"


@pytest.mark.parametrize(
    ("status", "expected"), [(200, DeliveryStatus.DELIVERED), (500, DeliveryStatus.PENDING)]
)
def test_of_a_huge_answer_only_the_status_counts(
    outbox: Outbox, status: int, expected: DeliveryStatus
) -> None:
    outbox.subscribe()
    outbox.receiver.answers("/hook", Reply(status=status, body=b"x" * 1_000_000))
    event = outbox.record()
    deliver_due(now=outbox.now)
    assert outbox.delivery(event).status == expected


def test_of_a_long_answer_the_beginning_is_kept(outbox: Outbox) -> None:
    outbox.subscribe()
    outbox.receiver.answers("/hook", Reply(status=500, body="é".encode() * 5000))
    event = outbox.record()
    deliver_due(now=outbox.now)
    assert outbox.delivery(event).attempts.get().response_excerpt == "é" * 500


@pytest.mark.parametrize(("status", "least"), [(429, 3600), (503, 3600), (500, 5)])
def test_a_throttling_receiver_says_when(outbox: Outbox, status: int, least: int) -> None:
    outbox.subscribe()
    outbox.receiver.answers("/hook", Reply(status=status, headers={"retry-after": "3600"}))
    event = outbox.record()
    deliver_due(now=outbox.now)
    due = outbox.delivery(event).next_attempt_at
    assert due is not None
    assert timedelta(0) <= due - outbox.now - timedelta(seconds=least) < timedelta(seconds=5)


def test_a_repeated_delivery_is_the_same_message(outbox: Outbox) -> None:
    outbox.subscribe()
    outbox.receiver.answers("/hook", Reply(status=500), Reply())
    event = outbox.record(data={"b": 1, "a": {"d": 2, "c": 3}}, sealed_data={"reauth_url": "x"})
    deliver_due(now=outbox.now)
    deliver_due(now=outbox.now + timedelta(minutes=1))
    first, second = outbox.receiver.received
    assert first.body == second.body
    assert first.message_id == second.message_id == event.pk
    assert first.headers["webhook-timestamp"] != second.headers["webhook-timestamp"]


def test_after_the_whole_schedule_it_is_given_up(outbox: Outbox) -> None:
    endpoint, _ = outbox.subscribe()
    outbox.receiver.answers("/hook", Reply(status=500))
    event, now = outbox.record(), outbox.now
    for delay in DELAYS:
        now += delay * 1.2
        deliver_due(now=now)
    delivery = outbox.delivery(event)
    assert (delivery.status, delivery.next_attempt_at) == (DeliveryStatus.FAILED, None)
    assert len(outbox.receiver.received) == len(DELAYS)
    assert Endpoint.objects.get(pk=endpoint.pk).enabled


def test_a_secret_that_does_not_open_is_our_fault(outbox: Outbox) -> None:
    endpoint, _ = outbox.subscribe()
    other, _ = outbox.subscribe("/other", event_types=["connected_account.failed"])
    swapped = Endpoint.objects.filter(pk=other.pk).values_list("secret", flat=True)
    Endpoint.objects.filter(pk=endpoint.pk).update(secret=swapped[0])
    event = outbox.record()
    deliver_due(now=outbox.now)
    assert outbox.delivery(event).attempts.get().error_code == "secret_unreadable"
    assert outbox.receiver.received == []
    assert Endpoint.objects.get(pk=endpoint.pk).failing_since is None


def test_an_attempt_is_one_log_line_without_url_and_body(outbox: Outbox) -> None:
    outbox.subscribe("/canary-path?key=canary-query")
    event = outbox.record(data={"note": "canary-data"})
    with capture_logs() as lines:
        deliver_due(now=outbox.now, worker="w1")
    [line] = [line for line in lines if line["event"] == "webhook_attempt"]
    assert (line["event_id"], line["http_status"], line["worker"]) == (event.pk, 200, "w1")
    assert "canary" not in str(lines)


def test_a_limit_is_kept(outbox: Outbox) -> None:
    outbox.subscribe()
    for number in range(5):
        outbox.record(f"ca_{number}")
    assert deliver_due(now=outbox.now, limit=3) == 3
    assert Delivery.objects.pending().count() == 2


def test_the_clock_goes_on_while_events_of_one_account_are_delivered(outbox: Outbox) -> None:
    outbox.subscribe()
    outbox.receiver.answers("/hook", Reply(delay=0.3))
    for _ in range(3):
        outbox.record("ca_1")
    assert deliver_due(now=outbox.now) == 3
    attempts = list(DeliveryAttempt.objects.order_by("started_at"))
    for before, after in pairwise(attempts):
        assert before.finished_at is not None
        assert after.started_at >= before.finished_at
    sent = [int(request.headers["webhook-timestamp"]) for request in outbox.receiver.received]
    assert sent == [int(attempt.started_at.timestamp()) for attempt in attempts]


def test_what_falls_due_meanwhile_is_left_for_the_next_time(outbox: Outbox) -> None:
    outbox.subscribe()
    outbox.receiver.answers("/hook", Reply(delay=0.3))
    outbox.record("ca_1")
    later = outbox.record("ca_2")
    soon = outbox.now + timedelta(seconds=0.1)
    Delivery.objects.filter(event=later).update(next_attempt_at=soon)
    assert deliver_due(now=outbox.now) == 1
    assert deliver_due(now=soon) == 1
