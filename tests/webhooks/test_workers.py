"""Several workers, and workers that are killed (faults 26)."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.db import connection, connections
from django.utils import timezone

from integrations.outbound import LIMITS, Role
from tests.receiver import Received, Reply
from tests.webhooks.outbox import Outbox
from webhooks.claim import LEASE, claim
from webhooks.delivering import deliver_due
from webhooks.models import DeliveryStatus
from webhooks.outcome import record_outcome
from webhooks.posting import Answer

pytestmark = pytest.mark.django_db(transaction=True)

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def worker(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run ``manage.py deliver_due`` on the test database; it is killed at the end of the block."""
    environment = {**os.environ, "DATABASE_URL": database_url(), "LOG_LEVEL": "WARNING"}
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "manage.py"), "deliver_due", *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def database_url() -> str:
    """Return the URL of the database that pytest-django made: the server's, with another name."""
    name = connection.settings_dict["NAME"]
    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()


def test_a_worker_killed_after_the_post_delivers_again_under_the_same_id(outbox: Outbox) -> None:
    _, secret = outbox.subscribe()
    outbox.receiver.answers("/hook", Reply(delay=60), Reply())
    event = outbox.record()
    with worker() as process:
        outbox.receiver.wait_for(lambda request: request.message_id == event.pk, timeout=60)
        process.kill()
    assert outbox.delivery(event).attempts.get().finished_at is None
    assert deliver_due(now=timezone.now()) == 0
    deliver_due(now=timezone.now() + LEASE)
    first, second = outbox.receiver.received
    assert (second.message_id, second.body) == (event.pk, first.body)
    assert first.verified(secret) == event.payload()
    assert outbox.delivery(event).status == DeliveryStatus.DELIVERED


def mentions(text: bytes, request: Received) -> bool:
    return text in request.body


def test_the_command_watches_until_it_is_told_to_stop(outbox: Outbox) -> None:
    outbox.subscribe()
    with worker("--watch", "--pause", "0.05") as process:
        for subject in ("ca_1", "ca_2"):
            outbox.record(subject)
            outbox.receiver.wait_for(partial(mentions, subject.encode()), timeout=60)
        process.terminate()
        output, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    assert output.splitlines()[-1] == "2 delivery attempts."


def test_two_workers_never_take_the_same_delivery(outbox: Outbox) -> None:
    outbox.subscribe()
    events = [outbox.record(f"ca_{number}") for number in range(30)]
    barrier = threading.Barrier(4)

    def work(number: int) -> int:
        try:
            barrier.wait()
            return deliver_due(now=outbox.now, worker=str(number))
        finally:
            connections.close_all()

    with ThreadPoolExecutor(max_workers=4) as pool:
        list(pool.map(work, range(4)))
    deliver_due(now=outbox.now)
    received = sorted(request.message_id for request in outbox.receiver.received)
    assert received == sorted(event.pk for event in events)


def test_a_success_counts_even_where_the_lease_ran_out(outbox: Outbox) -> None:
    outbox.subscribe()
    event = outbox.record()
    [late] = claim(now=outbox.now, limit=1, failing_limit=1)
    claim(now=outbox.now + LEASE, limit=1, failing_limit=1)
    record_outcome(claim=late, answer=Answer(status=200), now=outbox.now + LEASE, worker="late")
    assert outbox.delivery(event).status == DeliveryStatus.DELIVERED


def test_a_failure_of_a_lost_lease_changes_nothing(outbox: Outbox) -> None:
    outbox.subscribe()
    event = outbox.record()
    [late] = claim(now=outbox.now, limit=1, failing_limit=1)
    [current] = claim(now=outbox.now + LEASE, limit=1, failing_limit=1)
    answer = Answer(status=500, error_code="http_500")
    record_outcome(claim=late, answer=answer, now=outbox.now + LEASE, worker="late")
    delivery = outbox.delivery(event)
    assert delivery.lease_id == current.attempt.pk
    assert delivery.lease_until == outbox.now + LEASE + LEASE
    assert delivery.next_attempt_at == outbox.now


def test_the_attempt_row_is_committed_before_the_post(outbox: Outbox) -> None:
    outbox.subscribe()
    outbox.receiver.answers("/hook", Reply(delay=60))
    event = outbox.record()

    def work() -> None:
        try:
            deliver_due(now=outbox.now)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(max_workers=1) as pool:
        running = pool.submit(work)
        outbox.receiver.wait_for(lambda request: request.message_id == event.pk)
        attempt = outbox.delivery(event).attempts.get()
        assert (attempt.number, attempt.finished_at) == (1, None)
        assert outbox.now <= attempt.started_at < outbox.now + timedelta(seconds=5)
        assert outbox.delivery(event).lease_until == attempt.started_at + LEASE
        outbox.receiver.release()
        running.result()
    assert outbox.delivery(event).status == DeliveryStatus.DELIVERED


def test_a_lease_outlasts_the_longest_call() -> None:
    assert timedelta(seconds=LIMITS[Role.WEBHOOK].deadline) < LEASE
