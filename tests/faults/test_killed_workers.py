"""Real workers, killed at the worst moment (faults.md 1 to 6)."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection, transaction
from django.utils import timezone

from connections import journal
from connections.models import (
    ConnectedAccount,
    Entity,
    Reason,
    RefreshAttempt,
    RefreshOutcome,
    Status,
)
from tests.faults.processes import (
    PATIENCE_SECONDS,
    Gate,
    StartWorker,
    events_of,
    generation,
    now_of,
    status,
    until,
    waits_for_a_lock,
)
from tests.faults.rotating import REFUSED, RotatingProvider
from tests.faults.wire import Wire
from tests.making import initiate, store_grant
from tests.provider import tokens
from webhooks.models import Event, EventType

pytestmark = pytest.mark.django_db(transaction=True)

# Of the statements that write a lease and an event.
LEASES, TELLS = "SET lease_id = given.lease_id", 'INSERT INTO "webhooks_event"'


@pytest.fixture(params=["strict", "grace"])
def kind(request: pytest.FixtureRequest, provider: RotatingProvider) -> str:
    """Have the provider be of each kind in turn."""
    provider.grace = request.param == "grace"
    return str(request.param)


def another_one_is_refreshed(account: ConnectedAccount) -> bool:
    """Make a second account, that is due, once; return whether it has been refreshed."""
    bob, new = Entity.objects.get_or_create(project=account.project, user_id="bob")
    if new:
        other = initiate(auth_config=account.auth_config, entity=bob)
        store_grant(other, now=timezone.now() - timedelta(minutes=2), number=7)
    return generation(ConnectedAccount.objects.get(entity=bob)) > 1


def settles_as(kind: str, account: ConnectedAccount, provider: RotatingProvider) -> None:
    """Wait for what must become of an account whose answer was lost."""
    if kind == "grace":
        until(lambda: generation(account) == 2)
        assert status(account) == Status.ACTIVE
        assert EventType.EXPIRED not in events_of(account)
    else:
        until(lambda: status(account) == Status.EXPIRED)
        assert now_of(account).status_reason == Reason.ROTATION_LOST
        [told] = Event.objects.filter(subject_id=account.pk, type=EventType.EXPIRED)
        assert told.payload()["data"]["reauth_url"].startswith("http://testserver/connect/")
    # One retry, and no more.
    assert provider.presented() == ["refresh-1", "refresh-1"]


@pytest.mark.fault(1)
def test_a_worker_killed_before_its_claim_is_committed_leaves_the_account_untouched(
    due_account: ConnectedAccount, provider: RotatingProvider, start_worker: StartWorker
) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        # Rows can be locked, and not written to.
        cursor.execute("LOCK TABLE connections_connectedaccount IN SHARE MODE")
        worker = start_worker("--no-color")
        until(lambda: waits_for_a_lock(LEASES))
        worker.kill()
    until(lambda: not somebody_else_is_connected())
    assert now_of(due_account).lease_id == ""
    assert provider.presented() == []
    start_worker()
    until(lambda: generation(due_account) == 2)
    assert provider.presented() == ["refresh-1"]
    assert [attempt.outcome for attempt in RefreshAttempt.objects.all()] == [RefreshOutcome.STORED]


def somebody_else_is_connected() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        return bool(cursor.fetchone()[0])


@pytest.mark.fault(2)
def test_a_worker_killed_after_its_claim_and_before_the_call_is_made_up_for_by_one_call(
    due_account: ConnectedAccount, provider: RotatingProvider, start_worker: StartWorker
) -> None:
    with Wire(after=LEASES).passing() as wire:
        worker = start_worker(database_url=wire.url)
        # The claim is committed, and the worker has not heard of it.
        assert wire.held.wait(PATIENCE_SECONDS)
        until(lambda: now_of(due_account).lease_id != "")
        worker.kill()
    assert provider.presented() == []
    start_worker()
    until(lambda: generation(due_account) == 2)
    assert status(due_account) == Status.ACTIVE
    assert provider.presented() == ["refresh-1"]
    outcomes = RefreshAttempt.objects.order_by("pk").values_list("outcome", flat=True)
    assert list(outcomes) == [RefreshOutcome.IN_DOUBT, RefreshOutcome.STORED]


@pytest.mark.fault(3)
def test_a_worker_killed_during_the_call_leads_to_one_retry_and_what_the_provider_makes_of_it(
    due_account: ConnectedAccount,
    provider: RotatingProvider,
    start_worker: StartWorker,
    kind: str,
) -> None:
    gate = Gate()
    provider.before_answering = gate.hold
    worker = start_worker()
    assert gate.reached.wait(PATIENCE_SECONDS)
    worker.kill()
    gate.opened.set()
    assert now_of(due_account).lease_id
    # Its lease lasts, but on its own host its end is noticed.
    start_worker()
    settles_as(kind, due_account, provider)


@pytest.mark.fault(3)
def test_on_another_host_nobody_touches_an_account_while_the_dead_workers_lease_lasts(
    due_account: ConnectedAccount,
    provider: RotatingProvider,
    start_worker: StartWorker,
    tmp_path: Path,
) -> None:
    gate = Gate()
    provider.before_answering = gate.hold
    worker = start_worker()
    assert gate.reached.wait(PATIENCE_SECONDS)
    worker.kill()
    gate.opened.set()
    start_worker(JOURNAL_FOLDER=str(tmp_path))
    until(lambda: another_one_is_refreshed(due_account))
    assert generation(due_account) == 1
    assert not RefreshAttempt.objects.filter(account=due_account).exists()


@pytest.mark.fault(4)
def test_a_worker_killed_with_the_answer_at_hand_is_as_one_killed_during_the_call(
    due_account: ConnectedAccount,
    provider: RotatingProvider,
    start_worker: StartWorker,
    kind: str,
) -> None:
    gate = Gate()
    provider.before_answering = gate.hold
    worker = start_worker()
    assert gate.reached.wait(PATIENCE_SECONDS)
    worker.stand_still()
    # The answer gets to its machine, and it does not get to read it.
    gate.opened.set()
    until(lambda: provider.answered >= 1)
    worker.kill()
    assert journal.find([due_account.pk]) == {}
    start_worker()
    settles_as(kind, due_account, provider)


@pytest.mark.fault(5)
def test_a_worker_killed_between_journal_and_commit_loses_nothing(
    due_account: ConnectedAccount, provider: RotatingProvider, start_worker: StartWorker
) -> None:
    leave_an_entry_and_no_commit(due_account, provider, start_worker)
    assert generation(due_account) == 1
    start_worker()
    until(lambda: generation(due_account) == 2)
    assert status(due_account) == Status.ACTIVE
    assert provider.presented() == ["refresh-1"]


def leave_an_entry_and_no_commit(
    account: ConnectedAccount, provider: RotatingProvider, start_worker: StartWorker
) -> None:
    """Have a worker killed that has tokens in its journal and none in the database."""
    gate = Gate()
    provider.before_answering = gate.hold
    worker = start_worker()
    assert gate.reached.wait(PATIENCE_SECONDS)
    with transaction.atomic():
        # The worker's commit has to wait for this lock, and its journal has not.
        ConnectedAccount.objects.locked(account.pk)
        gate.opened.set()
        until(lambda: account.pk in journal.find([account.pk]))
        worker.kill()


@pytest.mark.fault(6)
def test_a_worker_killed_after_the_commit_leads_to_no_second_call(
    due_account: ConnectedAccount, provider: RotatingProvider, start_worker: StartWorker
) -> None:
    worker = start_worker()
    until(lambda: generation(due_account) == 2)
    worker.kill()
    events = events_of(due_account)
    start_worker()
    until(lambda: another_one_is_refreshed(due_account))
    assert "refresh-1001" not in provider.presented()
    assert generation(due_account) == 2
    assert events_of(due_account) == events


@pytest.mark.fault(6)
def test_a_worker_killed_after_the_commit_of_a_refusal_leads_to_one_event(
    due_account: ConnectedAccount, provider: RotatingProvider, start_worker: StartWorker
) -> None:
    provider.answer_tokens(REFUSED, tokens(2))
    with Wire(after=TELLS).passing() as wire:
        worker = start_worker(database_url=wire.url)
        assert wire.held.wait(PATIENCE_SECONDS)
        until(lambda: status(due_account) == Status.EXPIRED)
        worker.kill()
    start_worker()
    until(lambda: another_one_is_refreshed(due_account))
    assert events_of(due_account).count(EventType.EXPIRED) == 1
    assert provider.presented() == ["refresh-1", "refresh-7"]
