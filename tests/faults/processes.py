"""Real workers that a test starts, stops the clock of, and ends at the moment it chooses."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

from django.db import connection

from connections.models import ConnectedAccount, Credentials
from webhooks.models import Event

# Less than the 45 seconds of a lease: what a dead worker held is free before that.
PATIENCE_SECONDS = 40


class Worker:
    """``manage.py refresh_due``: the work without the job runner.

    Args:
        clock: seconds that its clock is ahead of everybody else's.
        database_url: where it finds PostgreSQL; without one, where the tests do.
    """

    def __init__(
        self, *options: str, clock: int = 0, database_url: str = "", **environment: str
    ) -> None:
        program = ["-m", "tests.faults.shifted_clock", str(clock)] if clock else ["manage.py"]
        self._process = subprocess.Popen(
            [sys.executable, *program, "refresh_due", *options],
            env=os.environ | {"DATABASE_URL": database_url or database()} | environment,
        )

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(timeout=PATIENCE_SECONDS)

    def ask_to_stop(self) -> None:
        self._process.send_signal(signal.SIGTERM)

    def stand_still(self) -> None:
        """Stop it as a machine does that is suspended; it can still be killed."""
        self._process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self._process.pid, os.WSTOPPED | os.WNOWAIT)

    def exit_code(self) -> int:
        return self._process.wait(timeout=PATIENCE_SECONDS)


# The fixture that starts one: options and keywords as of `Worker`.
StartWorker = Callable[..., Worker]


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


def database() -> str:
    """Return the URL of the test database."""
    name = connection.settings_dict["NAME"]
    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()


def waits_for_a_lock(statement: str) -> bool:
    """Whether somebody's ``statement``, or one that holds this text, waits for a lock."""
    with connection.cursor() as cursor:
        # Within a transaction what was seen first would be seen again.
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND wait_event_type = 'Lock'"
            " AND position(%s in query) > 0",
            [statement],
        )
        return bool(cursor.fetchone()[0])


def generation(of: ConnectedAccount) -> int:
    return Credentials.objects.get(pk=of.pk).generation


def status(of: ConnectedAccount) -> str:
    return ConnectedAccount.objects.get(pk=of.pk).status


def now_of(account: ConnectedAccount) -> ConnectedAccount:
    """Return the account as it stands."""
    return ConnectedAccount.objects.get(pk=account.pk)


def events_of(account: ConnectedAccount) -> list[str]:
    """Return the types of the account's events, the oldest first."""
    events = Event.objects.filter(subject_id=account.pk).order_by("sequence")
    return list(events.values_list("type", flat=True))


def doubled(things: Iterable[str]) -> list[str]:
    """Return those that come more than once."""
    listed = list(things)
    return sorted({each for each in listed if listed.count(each) > 1})
