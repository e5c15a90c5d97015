"""How refreshing goes as a whole."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from connections.health import Problem, read_health
from connections.models import Breaker, ConnectedAccount, Worker
from connections.refresh.endpoints import endpoint_of
from integrations.models import AuthConfig

NOW = timezone.now()


@pytest.fixture
def worker(db: None) -> Worker:
    """A process that was seen a moment ago."""
    now = timezone.now()
    return Worker.objects.create(
        name="w:1", host="w", pid=1, started_by="command", started_at=now, seen_at=now
    )


def due_for(account: ConnectedAccount, seconds: float) -> datetime:
    """Make the account due; return a moment so much later."""
    at = timezone.now()
    ConnectedAccount.objects.filter(pk=account.pk).update(refresh_at=at)
    return at + timedelta(seconds=seconds)


def test_with_a_worker_and_nothing_due_all_is_well(worker: Worker) -> None:
    health = read_health(now=timezone.now())
    assert (health.status, health.problems, health.workers) == ("ok", [], 1)
    assert health.oldest_due_at is None


def test_without_a_worker_it_fails(db: None) -> None:
    assert read_health(now=NOW).problems == [Problem.NO_WORKER]
    assert read_health(now=NOW).failing


@pytest.mark.parametrize(("seconds", "failing"), [(25, False), (35, True)])
def test_a_worker_may_miss_some_beats(worker: Worker, seconds: int, failing: bool) -> None:
    Worker.objects.update(seen_at=timezone.now() - timedelta(seconds=seconds))
    assert read_health(now=timezone.now()).failing is failing


@pytest.mark.parametrize(("seconds", "failing"), [(119, False), (121, True)])
def test_an_account_that_is_due_for_long_fails(
    worker: Worker, account: ConnectedAccount, seconds: int, failing: bool
) -> None:
    now = due_for(account, seconds)
    health = read_health(now=now)
    assert health.failing is failing
    assert health.late_for == timedelta(seconds=seconds)


def test_an_account_whose_config_is_refused_is_not_late(
    worker: Worker, account: ConnectedAccount
) -> None:
    now = due_for(account, 600)
    AuthConfig.objects.update(misconfigured_since=now, calls_blocked_until=now)
    health = read_health(now=now)
    assert (health.status, health.problems) == ("degraded", [Problem.MISCONFIGURED])
    assert (health.held_back, health.oldest_due_at) == (1, None)


def test_an_account_whose_calls_are_blocked_for_a_while_is_not_late(
    worker: Worker, account: ConnectedAccount
) -> None:
    now = due_for(account, 600)
    AuthConfig.objects.update(calls_blocked_until=now + timedelta(seconds=1))
    assert read_health(now=now).status == "ok"
    assert read_health(now=now + timedelta(seconds=2)).failing


@pytest.mark.parametrize("of", ["endpoint", "auth_config"])
def test_an_account_behind_an_open_breaker_is_not_late(
    worker: Worker, account: ConnectedAccount, of: str
) -> None:
    now = due_for(account, 600)
    config = account.auth_config
    name = endpoint_of(config) if of == "endpoint" else config.pk
    Breaker.objects.create(pk=name, opened_at=now)
    health = read_health(now=now)
    assert (health.status, health.problems) == ("degraded", [Problem.BREAKER_OPEN])
    assert (health.open_breakers, health.held_back) == ((name,), 1)


def test_an_account_whose_toolkit_left_the_catalog_is_held_back(
    worker: Worker, account: ConnectedAccount
) -> None:
    now = due_for(account, 600)
    Breaker.objects.create(pk="https://elsewhere.test", opened_at=now)
    AuthConfig.objects.update(toolkit="gone")
    health = read_health(now=now)
    assert (health.problems, health.held_back) == ([Problem.BREAKER_OPEN], 1)
    assert health.oldest_due_at is None


def test_a_breaker_that_counts_failures_holds_nothing_back(
    worker: Worker, account: ConnectedAccount
) -> None:
    Breaker.objects.create(pk=endpoint_of(account.auth_config), failures=2)
    assert read_health(now=due_for(account, 600)).problems == [Problem.LATE]


def test_a_journal_that_cannot_be_written_degrades(worker: Worker) -> None:
    Worker.objects.update(journal_trouble="No space left", journal_bytes=5)
    twin = {"host": "w", "pid": 2, "started_by": "command"}
    now = timezone.now()
    Worker.objects.create(name="w:2", started_at=now, seen_at=now, journal_bytes=7, **twin)
    health = read_health(now=now)
    assert (health.status, health.problems) == ("degraded", [Problem.JOURNAL])
    # Two processes of one host see the same folder.
    assert (health.journal_troubles, health.journal_bytes) == (("No space left",), 7)


def test_the_journal_of_a_worker_long_gone_is_no_news(worker: Worker) -> None:
    gone = timezone.now() - timedelta(hours=1)
    Worker.objects.update(journal_trouble="No space left", seen_at=gone)
    assert read_health(now=timezone.now()).problems == [Problem.NO_WORKER]
