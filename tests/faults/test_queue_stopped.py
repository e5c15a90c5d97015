"""Refreshing without the job queue, and how its end is seen (faults.md 23)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from config.fresh_keys import fresh_secret_key
from connections import heartbeat
from connections.health import NOBODY_FOR, Problem, read_health
from connections.models import (
    ConnectedAccount,
    RefreshAttempt,
    RefreshOutcome,
    Status,
    Worker,
)
from connections.refresh import get_credentials
from tests.faults.processes import (
    PATIENCE_SECONDS,
    Gate,
    StartWorker,
    doubled,
    generation,
    status,
    until,
)
from tests.faults.rotating import RotatingProvider

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.fault(23)
def test_the_command_alone_keeps_an_account_fresh(
    due_account: ConnectedAccount, provider: RotatingProvider, start_worker: StartWorker
) -> None:
    # The shortest life after which a token is refreshed ahead of use.
    provider.expires_in = 7
    start_worker()
    until(lambda: generation(due_account) >= 3)
    assert status(due_account) == Status.ACTIVE
    assert doubled(provider.presented()) == []


@pytest.mark.fault(23)
def test_the_death_of_an_idle_worker_is_seen_and_a_use_refreshes(
    account: ConnectedAccount, provider: RotatingProvider, start_worker: StartWorker
) -> None:
    worker = start_worker()
    until(lambda: heartbeat.live_workers() == 1)
    worker.kill()
    later = Worker.objects.get().seen_at - NOBODY_FOR - timedelta(seconds=1)
    Worker.objects.update(seen_at=later)
    health = read_health(now=timezone.now())
    assert health.failing
    assert Problem.NO_WORKER in health.problems
    past = timezone.now() - timedelta(minutes=1)
    ConnectedAccount.objects.update(expires_at=past, refresh_at=past)
    assert get_credentials(account_id=account.pk).tokens.access_token.reveal() == "access-1001"


@pytest.mark.fault(23)
def test_the_command_refreshes_under_another_secret_key(
    due_account: ConnectedAccount, provider: RotatingProvider, start_worker: StartWorker
) -> None:
    assert start_worker("--no-color").exit_code() == 0
    ConnectedAccount.objects.update(refresh_at=timezone.now())
    assert start_worker("--no-color", SECRET_KEY=fresh_secret_key()).exit_code() == 0
    assert generation(due_account) == 3
    assert status(due_account) == Status.ACTIVE


@pytest.mark.fault(23)
@pytest.mark.parametrize("option", ["--watch", "--no-color"], ids=["watching", "once"])
def test_a_worker_that_is_asked_to_stop_ends_its_refresh_first(
    due_account: ConnectedAccount,
    provider: RotatingProvider,
    start_worker: StartWorker,
    option: str,
) -> None:
    gate = Gate()
    provider.before_answering = gate.hold
    worker = start_worker(option)
    assert gate.reached.wait(PATIENCE_SECONDS)
    worker.ask_to_stop()
    gate.opened.set()
    assert worker.exit_code() == 0
    assert generation(due_account) == 2
    assert RefreshAttempt.objects.get().outcome == RefreshOutcome.STORED
