"""What a refreshing process says of itself, and what is told of all of them."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from connections import heartbeat, journal, journal_keys
from connections.models import Worker
from connections.workers import worker_name

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def counts(monkeypatch: pytest.MonkeyPatch) -> heartbeat._Counts:
    """What a process that just started has counted: nothing."""
    fresh = heartbeat._Counts()
    monkeypatch.setattr(heartbeat, "_counts", fresh)
    return fresh


def beat(**facts: Any) -> None:
    given: dict[str, Any] = {
        "started_by": heartbeat.COMMAND,
        "under_way": 0,
        "refreshed": 0,
        "failed": 0,
    }
    heartbeat.beat(started_at=timezone.now(), **given | facts)


def other(name: str, *, unseen: timedelta, started_by: str = heartbeat.COMMAND) -> Worker:
    now = timezone.now()
    return Worker.objects.create(
        name=name,
        host="elsewhere",
        pid=7,
        started_by=started_by,
        started_at=now - timedelta(days=2),
        seen_at=now - unseen,
    )


def test_the_first_beat_introduces_the_process() -> None:
    beat(under_way=3, refreshed=2, failed=1)
    [row] = Worker.objects.all()
    assert (row.name, row.pid, row.started_by) == (worker_name(), os.getpid(), "command")
    assert (row.under_way, row.refreshed, row.failed) == (3, 2, 1)


def test_a_later_beat_writes_over_the_row() -> None:
    beat(refreshed=1)
    first = Worker.objects.get()
    beat(refreshed=5)
    row = Worker.objects.get()
    assert row.refreshed == 5
    assert row.seen_at > first.seen_at


def test_the_time_of_a_beat_is_the_databases(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = timezone.now() - timedelta(hours=1)
    monkeypatch.setattr(timezone, "now", lambda: slow)
    beat()
    assert heartbeat.live_workers() == 1


def test_a_beat_says_what_is_the_matter_with_the_journal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "trouble", lambda: "No space left on device" * 20)
    monkeypatch.setattr(journal, "size", lambda: (2, 4096))
    monkeypatch.setattr(journal, "key_counts", lambda: {"0a1b2c3d": 7})
    beat()
    row = Worker.objects.get()
    assert row.journal_trouble.startswith("No space left on device")
    assert (row.journal_bytes, row.journal_keys) == (4096, {"0a1b2c3d": 7})


def test_the_journals_keys_are_counted_once_a_minute(
    monkeypatch: pytest.MonkeyPatch, counts: heartbeat._Counts
) -> None:
    answers = iter([{"aaaaaaaa": 1}, {"aaaaaaaa": 2}])
    monkeypatch.setattr(journal, "key_counts", lambda: next(answers))
    beat()
    beat()
    assert Worker.objects.get().journal_keys == {"aaaaaaaa": 1}
    counts.due_at -= journal_keys.COUNT_SECONDS
    beat()
    assert Worker.objects.get().journal_keys == {"aaaaaaaa": 2}


def test_workers_not_seen_for_a_quarter_of_a_minute_do_not_count() -> None:
    other("lively", unseen=timedelta(seconds=10))
    other("late", unseen=timedelta(seconds=20))
    assert heartbeat.live_workers() == 1


def test_the_last_beat_of_any_worker_is_told() -> None:
    assert heartbeat.unseen_for() is None
    other("old", unseen=timedelta(hours=1))
    other("new", unseen=timedelta(seconds=40))
    unseen = heartbeat.unseen_for()
    assert unseen is not None
    assert timedelta(seconds=40) <= unseen < timedelta(seconds=50)


def test_a_commands_row_goes_with_its_process() -> None:
    beat()
    heartbeat.end()
    assert not Worker.objects.exists()


def test_a_jobs_row_stays_between_its_watches() -> None:
    beat(started_by=heartbeat.JOB, under_way=2)
    heartbeat.end()
    assert Worker.objects.get().under_way == 0


@pytest.mark.django_db(transaction=True)
def test_a_process_ends_although_the_database_is_away() -> None:
    beat()

    def refuse(*_args: object) -> None:
        raise OperationalError

    with connection.execute_wrapper(refuse):
        heartbeat.end()
    assert Worker.objects.exists()


def test_rows_of_the_lost_are_forgotten() -> None:
    other("killed yesterday", unseen=timedelta(hours=25))
    other("killed today", unseen=timedelta(hours=23))
    other("job replaced", unseen=timedelta(minutes=3), started_by=heartbeat.JOB)
    other("job waiting", unseen=timedelta(minutes=1), started_by=heartbeat.JOB)
    beat()
    names = set(Worker.objects.values_list("name", flat=True)) - {worker_name()}
    assert names == {"killed today", "job waiting"}


def test_a_host_is_remembered_by_its_last_process() -> None:
    other("job gone", unseen=timedelta(hours=3), started_by=heartbeat.JOB)
    beat()
    assert Worker.objects.filter(name="job gone").exists()


def test_the_end_of_the_job_runner_is_the_end_of_its_processes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(heartbeat, "stop_announced", lambda: True)
    beat(started_by=heartbeat.JOB)
    Worker.objects.create(**{**Worker.objects.values().get(), "name": "sibling", "pid": 8})
    other("elsewhere", unseen=timedelta(0), started_by=heartbeat.JOB)
    heartbeat.end()
    assert Worker.objects.get().name == "elsewhere"
