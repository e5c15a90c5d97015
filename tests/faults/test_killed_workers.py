"""Real workers, ended at the worst moment (faults.md 3, 6, 23)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from django.db import connection, transaction
from django.utils import timezone
from psycopg import sql

from connections import journal
from connections.models import (
    ConnectedAccount,
    Credentials,
    Entity,
    Reason,
    RefreshAttempt,
    RefreshOutcome,
    Status,
)
from tests.making import connect
from tests.provider import Answer, ScriptedProvider, tokens
from webhooks.models import Event, EventType

pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE_SECONDS = 60
LATER = timedelta(minutes=5)


class Worker:
    """``manage.py refresh_due``: the work without the job runner."""

    def __init__(self, *options: str, **environment: str) -> None:
        name = connection.settings_dict["NAME"]
        url = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()
        self._process = subprocess.Popen(
            [sys.executable, "manage.py", "refresh_due", *options],
            env=os.environ | {"DATABASE_URL": url} | environment,
        )

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(timeout=PATIENCE_SECONDS)

    def ask_to_stop(self) -> None:
        self._process.send_signal(signal.SIGTERM)

    def exit_code(self) -> int:
        return self._process.wait(timeout=PATIENCE_SECONDS)


@pytest.fixture
def start_worker() -> Iterator[Callable[[], Worker]]:
    started: list[Worker] = []

    def start(*options: str, **environment: str) -> Worker:
        started.append(Worker(*(options or ["--watch"]), **environment))
        return started[-1]

    yield start
    for worker in started:
        worker.kill()


class Gate:
    """Holds a provider's answer until it is opened."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.opened = threading.Event()

    def hold(self) -> None:
        self.reached.set()
        self.opened.wait(PATIENCE_SECONDS)


def until(condition: Callable[[], bool]) -> None:
    """Wait for ``condition``; the test fails if it does not come true."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def generation(of: ConnectedAccount) -> int:
    return Credentials.objects.get(pk=of.pk).generation


def calls_with(provider: ScriptedProvider, refresh_token: str) -> int:
    sent = [form["refresh_token"] for form in provider.token_calls()]
    return sent.count(refresh_token)


def test_the_command_alone_keeps_an_account_fresh(
    due_account: ConnectedAccount,
    provider: ScriptedProvider,
    start_worker: Callable[[], Worker],
) -> None:
    provider.answer_tokens(*[tokens(number, expires_in=1) for number in range(2, 30)])
    start_worker()
    until(lambda: generation(due_account) >= 4)
    assert ConnectedAccount.objects.get(pk=due_account.pk).status == Status.ACTIVE
    sent = [form["refresh_token"] for form in provider.token_calls()]
    assert len(sent) == len(set(sent))


def test_a_worker_killed_after_the_commit_leads_to_no_second_call(
    due_account: ConnectedAccount,
    provider: ScriptedProvider,
    start_worker: Callable[[], Worker],
) -> None:
    worker = start_worker()
    until(lambda: generation(due_account) == 2)
    worker.kill()
    events = Event.objects.count()
    bob = Entity.objects.create(project=due_account.project, user_id="bob")
    marker = connect(auth_config=due_account.auth_config, entity=bob)
    ConnectedAccount.objects.filter(pk=marker.pk).update(refresh_at=timezone.now())
    start_worker()
    until(lambda: generation(marker) == 2)
    assert calls_with(provider, "refresh-2") == 0
    assert generation(due_account) == 2
    assert Event.objects.filter(subject_id=due_account.pk).count() == events


def test_a_worker_killed_during_the_call_leaves_a_doubt_and_a_refusal_says_so(
    due_account: ConnectedAccount,
    provider: ScriptedProvider,
    start_worker: Callable[[], Worker],
) -> None:
    gate = Gate()
    provider.answer_tokens(
        Answer(json=tokens().json, before=gate.hold),
        Answer(status=400, json={"error": "invalid_grant"}),
    )
    worker = start_worker()
    assert gate.reached.wait(PATIENCE_SECONDS)
    worker.kill()
    gate.opened.set()
    assert ConnectedAccount.objects.get().lease_id
    # Its lease lasts, but on its own host its end is noticed.
    start_worker()
    until(lambda: status(due_account) == Status.EXPIRED)
    assert ConnectedAccount.objects.get().status_reason == Reason.ROTATION_LOST
    expired = Event.objects.filter(subject_id=due_account.pk, type=EventType.EXPIRED)
    assert expired.count() == 1
    assert calls_with(provider, "refresh-1") == 2


def test_on_another_host_nobody_touches_an_account_while_the_dead_workers_lease_lasts(
    due_account: ConnectedAccount,
    provider: ScriptedProvider,
    start_worker: Callable[..., Worker],
    tmp_path: Path,
) -> None:
    gate = Gate()
    provider.answer_tokens(Answer(json=tokens().json, before=gate.hold), tokens(3))
    worker = start_worker()
    assert gate.reached.wait(PATIENCE_SECONDS)
    worker.kill()
    gate.opened.set()
    bob = Entity.objects.create(project=due_account.project, user_id="bob")
    marker = connect(auth_config=due_account.auth_config, entity=bob)
    ConnectedAccount.objects.filter(pk=marker.pk).update(refresh_at=timezone.now())
    start_worker(JOURNAL_FOLDER=str(tmp_path))
    until(lambda: generation(marker) == 2)
    assert generation(due_account) == 1
    assert not RefreshAttempt.objects.filter(account=due_account).exists()


def test_a_worker_killed_between_journal_and_commit_loses_nothing(
    due_account: ConnectedAccount,
    provider: ScriptedProvider,
    start_worker: Callable[[], Worker],
) -> None:
    gate = Gate()
    provider.answer_tokens(
        Answer(json=tokens().json, before=gate.hold),
        Answer(status=400, json={"error": "invalid_grant"}),
    )
    worker = start_worker()
    assert gate.reached.wait(PATIENCE_SECONDS)
    with transaction.atomic():
        # The worker's commit has to wait for this lock, and its journal has not.
        ConnectedAccount.objects.locked(due_account.pk)
        gate.opened.set()
        until(lambda: due_account.pk in journal.find([due_account.pk]))
        worker.kill()
    assert generation(due_account) == 1
    start_worker()
    until(lambda: generation(due_account) == 2)
    assert status(due_account) == Status.ACTIVE
    assert calls_with(provider, "refresh-1") == 1


def test_tokens_journalled_while_the_database_is_away_survive_a_kill(
    due_account: ConnectedAccount,
    provider: ScriptedProvider,
    start_worker: Callable[[], Worker],
) -> None:
    gate = Gate()
    provider.answer_tokens(
        Answer(json=tokens().json, before=gate.hold),
        Answer(status=400, json={"error": "invalid_grant"}),
    )
    worker = start_worker()
    assert gate.reached.wait(PATIENCE_SECONDS)
    with no_connections():
        gate.opened.set()
        until(lambda: due_account.pk in journal.find([due_account.pk]))
        worker.kill()
    start_worker()
    until(lambda: generation(due_account) == 2)
    assert calls_with(provider, "refresh-1") == 1


@pytest.mark.parametrize("option", ["--watch", "--no-color"], ids=["watching", "once"])
def test_a_worker_that_is_asked_to_stop_ends_its_refresh_first(
    due_account: ConnectedAccount,
    provider: ScriptedProvider,
    start_worker: Callable[[str], Worker],
    option: str,
) -> None:
    gate = Gate()
    provider.answer_tokens(Answer(json=tokens().json, before=gate.hold))
    worker = start_worker(option)
    assert gate.reached.wait(PATIENCE_SECONDS)
    worker.ask_to_stop()
    gate.opened.set()
    assert worker.exit_code() == 0
    assert generation(due_account) == 2
    assert RefreshAttempt.objects.get().outcome == RefreshOutcome.STORED


def test_an_answer_that_arrives_while_the_database_is_away_is_stored_later(
    due_account: ConnectedAccount,
    provider: ScriptedProvider,
    start_worker: Callable[[], Worker],
) -> None:
    gate = Gate()
    provider.answer_tokens(Answer(json=tokens().json, before=gate.hold))
    start_worker()
    assert gate.reached.wait(PATIENCE_SECONDS)
    assert cut_other_connections() >= 1
    gate.opened.set()
    until(lambda: generation(due_account) == 2)
    assert calls_with(provider, "refresh-1") == 1


@contextmanager
def no_connections() -> Iterator[None]:
    """Have PostgreSQL end every other connection, and let nobody in until the block ends."""
    elsewhere = urlsplit(os.environ["DATABASE_URL"])._replace(path="/postgres").geturl()
    database = sql.Identifier(connection.settings_dict["NAME"])
    with psycopg.connect(elsewhere, autocommit=True) as server:
        server.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(database))
        cut_other_connections()
        try:
            yield
        finally:
            server.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(database))


def cut_other_connections() -> int:
    """Have PostgreSQL end every other connection to the test database; return how many."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        return int(cursor.fetchone()[0])


def status(of: ConnectedAccount) -> str:
    return ConnectedAccount.objects.get(pk=of.pk).status
