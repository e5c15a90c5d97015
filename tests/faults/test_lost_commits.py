"""A database that is away when an answer comes; commits that nobody heard of (faults.md 8, 9)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import psycopg
import pytest
from django.db import connection
from psycopg import sql

from connections import journal
from connections.models import ConnectedAccount, RefreshAttempt, RefreshOutcome, Status
from tests.faults.processes import (
    PATIENCE_SECONDS,
    Gate,
    StartWorker,
    generation,
    now_of,
    status,
    until,
)
from tests.faults.rotating import RotatingProvider
from tests.faults.wire import Wire

pytestmark = pytest.mark.django_db(transaction=True)

# Of the statement that stores new tokens, a transaction of its own.
STORES = "WITH given AS MATERIALIZED"


@pytest.fixture
def gate(provider: RotatingProvider) -> Gate:
    """Holds every answer of the provider until it is opened."""
    gate = Gate()
    provider.before_answering = gate.hold
    return gate


@pytest.mark.fault(8)
def test_tokens_journalled_while_the_database_is_away_survive_a_kill(
    due_account: ConnectedAccount, provider: RotatingProvider, start_worker: StartWorker, gate: Gate
) -> None:
    worker = start_worker()
    assert gate.reached.wait(PATIENCE_SECONDS)
    with no_connections():
        gate.opened.set()
        until(lambda: due_account.pk in journal.find([due_account.pk]))
        worker.kill()
    start_worker()
    until(lambda: generation(due_account) == 2)
    assert status(due_account) == Status.ACTIVE
    assert provider.presented() == ["refresh-1"]


@pytest.mark.fault(8)
def test_an_answer_that_arrives_while_the_database_is_away_is_stored_when_it_is_back(
    due_account: ConnectedAccount, provider: RotatingProvider, start_worker: StartWorker, gate: Gate
) -> None:
    start_worker()
    assert gate.reached.wait(PATIENCE_SECONDS)
    with no_connections():
        gate.opened.set()
        until(lambda: due_account.pk in journal.find([due_account.pk]))
    until(lambda: generation(due_account) == 2)
    assert status(due_account) == Status.ACTIVE
    assert provider.presented() == ["refresh-1"]


@pytest.mark.fault(9)
def test_a_commit_that_is_acknowledged_late_leads_to_no_second_call(
    due_account: ConnectedAccount, provider: RotatingProvider, start_worker: StartWorker
) -> None:
    with Wire(after=STORES, alone=True).passing() as wire:
        worker = start_worker(database_url=wire.url)
        assert wire.held.wait(PATIENCE_SECONDS)
        until(lambda: generation(due_account) == 2)
        # Meanwhile another one looks for work.
        assert start_worker("--no-color").exit_code() == 0
        wire.let_through()
        worker.ask_to_stop()
        assert worker.exit_code() == 0
    assert_stored_once(due_account, provider)


@pytest.mark.fault(9)
def test_a_commit_that_is_never_acknowledged_is_read_again_and_recognised(
    due_account: ConnectedAccount, provider: RotatingProvider, start_worker: StartWorker
) -> None:
    with Wire(after=STORES, alone=True).passing() as wire:
        worker = start_worker(database_url=wire.url)
        assert wire.held.wait(PATIENCE_SECONDS)
        until(lambda: generation(due_account) == 2)
        wire.cut()
        worker.ask_to_stop()
        assert worker.exit_code() == 0
    assert_stored_once(due_account, provider)


def assert_stored_once(account: ConnectedAccount, provider: RotatingProvider) -> None:
    assert provider.presented() == ["refresh-1"]
    assert generation(account) == 2
    assert (status(account), now_of(account).lease_id) == (Status.ACTIVE, "")
    [attempt] = RefreshAttempt.objects.all()
    assert (attempt.outcome, attempt.count) == (RefreshOutcome.STORED, 1)


@contextmanager
def no_connections() -> Iterator[None]:
    """Have PostgreSQL end every other connection, and let nobody in until the block ends."""
    elsewhere = urlsplit(os.environ["DATABASE_URL"])._replace(path="/postgres").geturl()
    database = sql.Identifier(connection.settings_dict["NAME"])
    with psycopg.connect(elsewhere, autocommit=True) as server:
        server.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(database))
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        try:
            yield
        finally:
            server.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(database))
