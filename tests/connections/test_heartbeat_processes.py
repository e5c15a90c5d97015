"""Real workers, the job runner's and the command's, beginning and ending (faults.md 23)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.db import connection
from django.utils import timezone

from connections import heartbeat
from connections.models import ConnectedAccount, RefreshAttempt, RefreshOutcome, Worker
from tests.provider import Answer, ScriptedProvider, tokens

pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE_SECONDS = 60
# Half of a watch: whoever takes longer has waited for its end.
PROMPT_SECONDS = 25


class Program:
    """A ``manage.py`` command on the test database, in a process group of its own."""

    def __init__(self, *arguments: str) -> None:
        name = connection.settings_dict["NAME"]
        url = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", *arguments],
            env=os.environ | {"DATABASE_URL": url, "WORKER_PROCESSES": "2"},
            start_new_session=True,
        )

    def tell(self, number: signal.Signals) -> None:
        """Signal the process that was started, and none of its children."""
        self.process.send_signal(number)

    def exit_code(self, seconds: float = PATIENCE_SECONDS) -> int:
        return self.process.wait(timeout=seconds)

    @property
    def lives(self) -> bool:
        """Whether the process or any child of it is there."""
        try:
            os.killpg(self.process.pid, 0)
        except ProcessLookupError:
            return False
        return True

    def kill(self) -> None:
        if self.lives:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(timeout=PATIENCE_SECONDS)


@pytest.fixture
def start() -> Iterator[Callable[..., Program]]:
    started: list[Program] = []

    def begin(*arguments: str) -> Program:
        started.append(Program(*arguments))
        return started[-1]

    yield begin
    for program in started:
        program.kill()


def until(condition: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> None:
    """Wait for ``condition``; the test fails if it does not come true."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


class Held:
    """An answer of the provider that is held back until it is let go."""

    def __init__(self, provider: ScriptedProvider) -> None:
        self.asked_for, self.let_go = threading.Event(), threading.Event()
        provider.answer_tokens(Answer(json=tokens().json, before=self._hold))

    def _hold(self) -> None:
        self.asked_for.set()
        self.let_go.wait(PATIENCE_SECONDS)


def processes(*, started_by: str) -> set[int]:
    rows = heartbeat.workers().filter(unseen_for__lt=heartbeat.LIVE, started_by=started_by)
    return set(rows.values_list("pid", flat=True))


def lives(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def test_the_job_runner_refreshes_at_once_and_ends_at_once_with_its_answers_stored(
    due_account: ConnectedAccount, provider: ScriptedProvider, start: Callable[..., Program]
) -> None:
    held = Held(provider)
    cluster = start("qcluster")
    # As it comes, the cluster starts its schedules half a minute after itself.
    assert held.asked_for.wait(PROMPT_SECONDS)
    cluster.tell(signal.SIGTERM)
    time.sleep(1)
    held.let_go.set()
    assert cluster.exit_code(PROMPT_SECONDS) == 0
    assert RefreshAttempt.objects.get().outcome == RefreshOutcome.STORED
    assert not cluster.lives
    assert not Worker.objects.exists()


def test_the_job_runner_ends_however_often_it_is_told(
    db: None, start: Callable[..., Program]
) -> None:
    cluster = start("qcluster")
    until(lambda: bool(processes(started_by=heartbeat.JOB)))
    for _ in range(20_000):
        cluster.tell(signal.SIGTERM)
    assert cluster.exit_code(PROMPT_SECONDS) == 0
    assert not cluster.lives


def test_the_command_shows_itself_while_it_works_and_not_afterwards(
    db: None, start: Callable[..., Program]
) -> None:
    command = start("refresh_due", "--watch")
    until(lambda: processes(started_by=heartbeat.COMMAND) == {command.process.pid})
    command.tell(signal.SIGTERM)
    assert command.exit_code() == 0
    assert not Worker.objects.exists()


def test_several_processes_work_under_one_and_end_with_it(
    due_account: ConnectedAccount, provider: ScriptedProvider, start: Callable[..., Program]
) -> None:
    held = Held(provider)
    command = start("refresh_due", "--watch", "--processes", "2")
    until(lambda: len(processes(started_by=heartbeat.COMMAND)) == 2)
    assert held.asked_for.wait(PATIENCE_SECONDS)
    command.tell(signal.SIGTERM)
    held.let_go.set()
    assert command.exit_code() == 0
    assert RefreshAttempt.objects.get().outcome == RefreshOutcome.STORED
    assert not command.lives
    assert not Worker.objects.exists()


def test_a_process_that_dies_is_replaced(db: None, start: Callable[..., Program]) -> None:
    start("refresh_due", "--watch", "--processes", "2")
    until(lambda: len(processes(started_by=heartbeat.COMMAND)) == 2)
    dead = min(processes(started_by=heartbeat.COMMAND))
    os.kill(dead, signal.SIGKILL)
    until(lambda: len(processes(started_by=heartbeat.COMMAND) - {dead}) == 2)


def test_processes_whose_parent_is_killed_end_in_order(
    due_account: ConnectedAccount, provider: ScriptedProvider, start: Callable[..., Program]
) -> None:
    held = Held(provider)
    command = start("refresh_due", "--watch", "--processes", "2")
    until(lambda: len(processes(started_by=heartbeat.COMMAND)) == 2)
    children = processes(started_by=heartbeat.COMMAND)
    assert held.asked_for.wait(PATIENCE_SECONDS)
    command.tell(signal.SIGKILL)
    command.exit_code()
    held.let_go.set()
    until(lambda: not any(lives(pid) for pid in children))
    assert RefreshAttempt.objects.get().outcome == RefreshOutcome.STORED
    assert not Worker.objects.exists()


@pytest.mark.parametrize("options", [["--processes", "2"], ["--watch", "--processes", "0"]])
def test_a_number_of_processes_that_makes_no_sense_is_refused(
    db: None, start: Callable[..., Program], options: list[str]
) -> None:
    assert start("refresh_due", *options).exit_code() == 1


@pytest.mark.fault(23)
def test_the_heartbeat_stops_with_the_worker(
    due_account: ConnectedAccount, start: Callable[..., Program]
) -> None:
    command = start("refresh_due", "--watch")
    until(lambda: bool(processes(started_by=heartbeat.COMMAND)))
    command.kill()
    seen = Worker.objects.get().seen_at
    Worker.objects.update(seen_at=seen - heartbeat.LIVE)
    assert heartbeat.live_workers() == 0
    unseen = heartbeat.unseen_for()
    assert unseen is not None
    assert unseen >= heartbeat.LIVE
    assert seen <= timezone.now()
