"""Endpoints that are gone, fail for days, or are switched off and on."""

from datetime import timedelta

from structlog.testing import capture_logs

from tests.receiver import Reply
from tests.webhooks.outbox import Outbox
from webhooks.delivering import deliver_due
from webhooks.endpoints import disable_endpoint, enable_endpoint
from webhooks.models import Delivery, DeliveryStatus, Endpoint
from webhooks.retry import DELAYS, JITTER, LONGEST_PAUSE


def statuses() -> set[str]:
    return set(Delivery.objects.values_list("status", flat=True))


def test_410_disables_the_endpoint_at_once_and_says_so(outbox: Outbox) -> None:
    endpoint, _ = outbox.subscribe()
    outbox.receiver.answers("/hook", Reply(status=410))
    for subject in ("ca_1", "ca_1", "ca_2"):
        outbox.record(subject)
    with capture_logs() as lines:
        deliver_due(now=outbox.now, limit=1)
    endpoint.refresh_from_db()
    assert (endpoint.enabled, endpoint.disabled_reason) == (False, "It answered 410 Gone.")
    assert statuses() == {DeliveryStatus.SKIPPED}
    assert "webhook_endpoint_disabled" in [line["event"] for line in lines]


def test_a_disabled_endpoint_is_sent_nothing(outbox: Outbox) -> None:
    endpoint, _ = outbox.subscribe()
    outbox.record()
    disable_endpoint(endpoint=endpoint, reason="Switched off.")
    outbox.record()
    assert deliver_due(now=outbox.now) == 0
    assert statuses() == {DeliveryStatus.SKIPPED}


def test_an_event_recorded_while_its_endpoint_was_being_disabled_is_skipped(
    outbox: Outbox,
) -> None:
    endpoint, _ = outbox.subscribe()
    outbox.record()
    Endpoint.objects.filter(pk=endpoint.pk).update(enabled=False)
    assert deliver_due(now=outbox.now) == 0
    assert statuses() == {DeliveryStatus.SKIPPED}


def test_enabling_lets_later_events_flow(outbox: Outbox) -> None:
    endpoint, _ = outbox.subscribe()
    missed = outbox.record()
    disable_endpoint(endpoint=endpoint, reason="Switched off.")
    enabled = enable_endpoint(endpoint=endpoint)
    assert (enabled.disabled_reason, enabled.failing_since) == ("", None)
    later = outbox.record()
    deliver_due(now=outbox.now)
    assert [request.message_id for request in outbox.receiver.received] == [later.pk]
    assert outbox.delivery(missed).status == DeliveryStatus.SKIPPED


def test_five_days_without_a_success_disable_an_endpoint(outbox: Outbox) -> None:
    endpoint, _ = outbox.subscribe()
    outbox.receiver.answers("/hook", Reply(status=500))
    for day in (0, 1, 2, 3, 4, 4.95):
        outbox.record(f"ca_{day}")
        deliver_due(now=outbox.now + timedelta(days=day))
    endpoint.refresh_from_db()
    assert endpoint.enabled
    outbox.record()
    deliver_due(now=outbox.now + timedelta(days=5, minutes=1))
    endpoint.refresh_from_db()
    assert endpoint.disabled_reason == "It failed for 5 days without a success."


def test_an_endpoint_that_nothing_was_sent_to_for_weeks_is_not_disabled_by_one_failure(
    outbox: Outbox,
) -> None:
    endpoint, _ = outbox.subscribe()
    outbox.receiver.answers("/hook", Reply(status=503))
    outbox.record()
    now = outbox.now
    for delay in DELAYS:
        now += delay * (1 + JITTER) + timedelta(seconds=1)
        deliver_due(now=now)
    later = outbox.record("ca_2")
    deliver_due(now=now + timedelta(days=21))
    endpoint.refresh_from_db()
    assert endpoint.enabled
    assert endpoint.failing_since == endpoint.last_failed_at
    assert outbox.delivery(later).status == DeliveryStatus.PENDING


def test_the_longest_pause_between_two_tries_is_no_quiet(outbox: Outbox) -> None:
    endpoint, _ = outbox.subscribe()
    outbox.receiver.answers("/hook", Reply(status=503))
    outbox.record()
    deliver_due(now=outbox.now)
    deliver_due(now=outbox.now + LONGEST_PAUSE + timedelta(minutes=1))
    endpoint.refresh_from_db()
    assert endpoint.failing_since is not None
    assert endpoint.failing_since < outbox.now + timedelta(minutes=1)


def test_a_success_begins_the_five_days_anew(outbox: Outbox) -> None:
    endpoint, _ = outbox.subscribe()
    outbox.receiver.answers("/hook", Reply(status=500), Reply(), Reply(status=500))
    outbox.record()
    deliver_due(now=outbox.now)
    deliver_due(now=outbox.now + timedelta(days=4))
    endpoint.refresh_from_db()
    assert endpoint.failing_since is None
    outbox.record("ca_2")
    deliver_due(now=outbox.now + timedelta(days=6))
    endpoint.refresh_from_db()
    assert endpoint.enabled
