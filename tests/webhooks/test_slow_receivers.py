"""A receiver that hangs delays nobody but itself (faults 27 and 28), with a real watch."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from django.db import connections

from tests.receiver import Receiver, Reply
from tests.webhooks.outbox import Outbox
from webhooks.claim import AT_ONCE, claim
from webhooks.delivering import SLOTS, watch
from webhooks.models import Endpoint

pytestmark = pytest.mark.django_db(transaction=True)

HANGING = Reply(delay=60)


@contextmanager
def watching(*, pause: float = 0.02) -> Iterator[None]:
    """Run the watch as the command does, in a thread for the time of the block."""
    stop = threading.Event()

    def run() -> None:
        try:
            watch(seconds=None, pause=pause, stop=stop)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(max_workers=1) as pool:
        running = pool.submit(run)
        try:
            yield
        finally:
            stop.set()
            running.result()


@pytest.fixture
def slow(receiver: Receiver) -> Iterator[Receiver]:
    """A second server, which hangs; closed first, so that the watch need not wait for it."""
    with Receiver() as hanging:
        hanging.answers("/hook", HANGING)
        yield hanging


def test_events_flow_while_another_endpoint_hangs(outbox: Outbox, slow: Receiver) -> None:
    hanging = Outbox(project=outbox.project, receiver=slow, now=outbox.now)
    hanging.subscribe()
    for number in range(SLOTS + 5):
        outbox.record(f"ca_{number}")
    with watching():
        slow.wait_for(lambda request: request.path == "/hook")
        outbox.subscribe()
        event = outbox.record("ca_later")
        outbox.receiver.wait_for(lambda request: request.message_id == event.pk)
        assert len(slow.received) < SLOTS
        slow.release()


def test_the_next_event_of_a_subject_does_not_wait_for_the_pause(outbox: Outbox) -> None:
    outbox.subscribe()
    events = [outbox.record("ca_1") for _ in range(3)]
    with watching(pause=20):
        outbox.receiver.wait_for(lambda request: request.message_id == events[-1].pk)


def test_an_endpoint_gets_a_few_posts_at_once(outbox: Outbox) -> None:
    outbox.subscribe()
    for number in range(AT_ONCE + 3):
        outbox.record(f"ca_{number}")
    assert len(claim(now=outbox.now, limit=100, failing_limit=100)) == AT_ONCE
    assert claim(now=outbox.now, limit=100, failing_limit=100) == []


def test_a_failing_endpoint_gets_one_post_at_a_time(outbox: Outbox) -> None:
    endpoint, _ = outbox.subscribe()
    Endpoint.objects.filter(pk=endpoint.pk).update(failing_since=outbox.now)
    for number in range(3):
        outbox.record(f"ca_{number}")
    assert len(claim(now=outbox.now, limit=100, failing_limit=100)) == 1


def test_failing_endpoints_leave_slots_to_the_others(outbox: Outbox) -> None:
    for number in range(4):
        outbox.subscribe(f"/bad/{number}")
    Endpoint.objects.update(failing_since=outbox.now)
    outbox.record()
    healthy, _ = outbox.subscribe("/good", event_types=["connected_account.revoked"])
    outbox.record("ca_2", type="connected_account.revoked")
    claims = claim(now=outbox.now, limit=4, failing_limit=2)
    endpoints = [claimed.delivery.endpoint_id for claimed in claims]
    assert len(claims) == 3
    assert healthy.pk in endpoints
