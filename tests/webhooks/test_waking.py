"""The job runner: waked after the commit, and never able to harm it."""

import threading

import pytest
from django.db import OperationalError, transaction
from django_q.models import OrmQ
from structlog.testing import capture_logs

from tests.webhooks.outbox import Outbox
from webhooks import delivering, tasks
from webhooks.models import Delivery, DeliveryStatus, Event
from webhooks.outcome import record_outcome
from webhooks.posting import write_letter

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _not_woken_lately(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "_woken_at", float("-inf"))


def test_many_changes_in_a_row_ask_once(outbox: Outbox) -> None:
    outbox.subscribe()
    for _ in range(5):
        outbox.record()
    assert OrmQ.objects.count() == 1


def test_a_commit_wakes_the_deliverer_with_nothing_secret(outbox: Outbox) -> None:
    outbox.subscribe()
    event = outbox.record(sealed_data={"reauth_url": "https://canary.example"})
    [queued] = OrmQ.objects.all()
    task = queued.task
    assert (task["func"], task["args"], task["kwargs"]) == (
        "webhooks.tasks.deliver_waiting",
        (),
        {},
    )
    assert event.pk not in str(task)


def test_nothing_is_waked_before_the_commit(outbox: Outbox) -> None:
    outbox.subscribe()
    with transaction.atomic():
        outbox.record()
        assert not OrmQ.objects.exists()


def test_nobody_is_waked_for_an_event_that_nobody_wants(outbox: Outbox) -> None:
    outbox.record()
    assert not OrmQ.objects.exists()


def test_a_broker_that_is_away_harms_no_change(
    outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*args: object, **kwargs: object) -> None:
        raise ConnectionError("redis://:canary@broker")

    monkeypatch.setattr(tasks, "async_task", away)
    outbox.subscribe()
    with capture_logs() as lines:
        event = outbox.record()
    assert Event.objects.filter(pk=event.pk).exists()
    assert lines == [
        {"event": "deliverer_not_woken", "error": "ConnectionError", "log_level": "warning"}
    ]


def test_the_waked_task_delivers(outbox: Outbox) -> None:
    outbox.subscribe()
    event = outbox.record()
    assert tasks.deliver_waiting() == 1
    assert outbox.delivery(event).status == DeliveryStatus.DELIVERED


def test_the_scheduled_watch_delivers_without_any_wake_up(
    outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "WATCH_SECONDS", 0.2)
    outbox.subscribe()
    outbox.record()
    OrmQ.objects.all().delete()
    assert tasks.watch_deliveries() == 1


def test_every_schedule_names_a_function_of_the_tasks() -> None:
    for entry in tasks.SCHEDULES:
        module, _, name = str(entry["func"]).rpartition(".")
        assert module == "webhooks.tasks"
        assert callable(getattr(tasks, name))


def test_a_watch_outlives_its_database(outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """The outcome that could not be stored is kept, so the event is not sent twice."""
    failures = iter([OperationalError("gone")])
    real = record_outcome

    def storing(**given: object) -> None:
        for failure in failures:
            raise failure
        real(**given)  # type: ignore[arg-type]
        stop.set()

    stop = threading.Event()
    monkeypatch.setattr(delivering, "record_outcome", storing)
    outbox.subscribe()
    outbox.record()
    with capture_logs() as lines:
        delivering.watch(seconds=20, pause=0.02, stop=stop)
    assert "deliverer_lost_database" in [line["event"] for line in lines]
    assert len(outbox.receiver.received) == 1
    assert not Delivery.objects.pending().exists()


def test_an_unforeseen_error_costs_one_delivery_an_attempt_and_no_other(
    outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    outbox.subscribe()
    broken, sound = outbox.record("ca_1"), outbox.record("ca_2")
    real = write_letter

    def writing(delivery: Delivery, **given: object) -> object:
        if delivery.event_id == broken.pk:
            raise RuntimeError("canary")
        return real(delivery, **given)  # type: ignore[arg-type]

    monkeypatch.setattr(delivering, "write_letter", writing)
    with capture_logs() as lines:
        delivering.deliver_due(now=outbox.now)
    assert outbox.delivery(broken).attempts.get().error_code == "internal_error"
    assert outbox.delivery(sound).status == DeliveryStatus.DELIVERED
    assert "canary" not in str(lines)
