"""Hosts on which no watch runs journal too: nobody else looks after that (faults.md 5, 8)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django_q.models import Schedule
from pytest_django.fixtures import Settings

from connections import journal
from connections.models import ConnectedAccount, Status
from tests.faults.processes import (
    PATIENCE_SECONDS,
    Gate,
    database,
    generation,
    now_of,
    status,
    until,
)
from tests.faults.rotating import RotatingProvider
from tests.faults.test_lost_commits import no_connections

pytestmark = pytest.mark.django_db(transaction=True)

StartWeb = Callable[..., "subprocess.Popen[bytes]"]
# A thread of a process: prints in the parent and in a forked child whether there is one, and ends.
THREADS = """
import os, threading, time
import config.wsgi
from connections.refresh.keeping import keep_journal
def there(): return any(thread.name == "journal" for thread in threading.enumerate())
parent = there()
if os.fork() == 0:
    before = there()
    keep_journal()
    print(parent, before, there(), flush=True)
    os._exit(0)
os.wait()
time.sleep(0.5)
print("ends", flush=True)
"""


@pytest.fixture
def gate(provider: RotatingProvider) -> Gate:
    """Holds every answer of the provider until it is opened."""
    gate = Gate()
    provider.before_answering = gate.hold
    return gate


@pytest.fixture
def host(settings: Settings, tmp_path: Path) -> dict[str, str]:
    """Return the environment of a host of its own: nobody elsewhere knows its journal."""
    settings.JOURNAL_FOLDER = tmp_path / "journal"
    own = {"DATABASE_URL": database(), "JOURNAL_FOLDER": str(settings.JOURNAL_FOLDER)}
    return os.environ | own


@pytest.fixture
def start_web(host: dict[str, str]) -> Iterator[StartWeb]:
    """Start a web process."""
    started = []

    def start(*accounts: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "tests.faults.web_process", *accounts]
        started.append(subprocess.Popen(command, env=host))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait(PATIENCE_SECONDS)


@pytest.fixture
def start_cluster(host: dict[str, str]) -> Iterator[Callable[[], None]]:
    """Start the job runner."""
    started = []

    def start() -> None:
        command = [sys.executable, "manage.py", "qcluster"]
        environment = host | {"WORKER_PROCESSES": "1"}
        started.append(subprocess.Popen(command, env=environment, start_new_session=True))

    yield start
    for process in started:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(PATIENCE_SECONDS)


def journalled(account: ConnectedAccount) -> bool:
    return account.pk in journal.find([account.pk])


def kill_with_an_answer(
    process: subprocess.Popen[bytes], gate: Gate, account: ConnectedAccount
) -> None:
    """Kill ``process`` when its answer stands in the journal and nowhere else."""
    assert gate.reached.wait(PATIENCE_SECONDS)
    with no_connections():
        gate.opened.set()
        until(lambda: journalled(account))
        process.kill()
        process.wait(PATIENCE_SECONDS)


@pytest.mark.fault(8)
def test_a_web_process_stores_its_answer_once_the_database_is_back(
    due_account: ConnectedAccount, provider: RotatingProvider, start_web: StartWeb, gate: Gate
) -> None:
    start_web(due_account.pk)
    assert gate.reached.wait(PATIENCE_SECONDS)
    with no_connections():
        gate.opened.set()
        until(lambda: journalled(due_account))
    until(lambda: generation(due_account) == 2)
    assert now_of(due_account).lease_id == ""
    assert provider.presented() == ["refresh-1"]


@pytest.mark.fault(5)
def test_the_answer_of_a_killed_web_process_is_stored_by_the_next_one_of_its_host(
    due_account: ConnectedAccount, provider: RotatingProvider, start_web: StartWeb, gate: Gate
) -> None:
    kill_with_an_answer(start_web(due_account.pk), gate, due_account)
    # Nobody asks it for anything.
    start_web()
    until(lambda: generation(due_account) == 2)
    assert status(due_account) == Status.ACTIVE
    assert provider.presented() == ["refresh-1"]


@pytest.mark.fault(5)
def test_a_job_runner_stores_it_without_a_task(
    due_account: ConnectedAccount,
    provider: RotatingProvider,
    start_web: StartWeb,
    start_cluster: Callable[[], None],
    gate: Gate,
) -> None:
    kill_with_an_answer(start_web(due_account.pk), gate, due_account)
    # The tasks are taken by another host.
    Schedule.objects.all().delete()
    start_cluster()
    until(lambda: generation(due_account) == 2)
    assert status(due_account) == Status.ACTIVE
    assert provider.presented() == ["refresh-1"]


def test_the_thread_is_begun_anew_in_a_fork_and_holds_up_no_end(db: None) -> None:
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", THREADS],
        env=os.environ | {"DATABASE_URL": database()},
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE_SECONDS,
    )
    assert done.stdout.split("\n")[:2] == ["True False True", "ends"]
    assert time.monotonic() - began < PATIENCE_SECONDS
