"""Connections as other processes have them."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import psycopg
from django.db import connection, connections

from integrations.secrets.processes import connection_name

PATIENCE_SECONDS = 30


def url_of_database() -> str:
    """Return the URL of the database that the running test uses."""
    name = connection.settings_dict["NAME"]
    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()


@contextmanager
def process(*started_with: str) -> Iterator[None]:
    """Be connected as a process that was started with these keys; without any, as a stranger."""
    name = connection_name(started_with) if started_with else "psql"
    with psycopg.connect(url_of_database(), application_name=name) as connected:
        pid = connected.info.backend_pid
        _until(pid, is_there=True)
        yield
    _until(pid, is_there=False)


def wait_until_alone() -> None:
    """Leave the database, and wait until every process of Evergrant has left it."""
    connections.close_all()
    query = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND application_name LIKE 'evergrant %'"
    )
    deadline = time.monotonic() + PATIENCE_SECONDS
    with psycopg.connect(url_of_database(), autocommit=True) as stranger:
        while stranger.execute(query).fetchone() != (0,):
            assert time.monotonic() < deadline, "somebody stays connected"
            time.sleep(0.01)


def _until(pid: int, *, is_there: bool) -> None:
    """Wait until the database shows the connection, or does not show it any more."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    with connection.cursor() as cursor:
        while time.monotonic() < deadline:
            # Within a transaction, as a test is, the view stands still.
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE pid = %s", [pid])
            if (cursor.fetchone() == (1,)) is is_there:
                return
            time.sleep(0.01)
    raise AssertionError("the database shows something else")
