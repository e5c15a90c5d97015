"""What has to be done before anything is claimed."""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakSet

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.signals import connection_created
from django.utils import timezone

from connections import journal
from connections.refresh import keeping
from connections.refresh.reconciling import find_all_again
from connections.workers import worker_name

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

# Where a part of the journal could not be read, all is read again after this, before anything is
# claimed: the account whose commit was forgotten may be any.
AGAIN_SECONDS: Final = 5.0


def prepare() -> bool:
    """Do what has to be done before anything is claimed; return whether anything may be.

    This process is announced, so that its end is noticed, and its answers are looked after. And the
    server is looked at: has another one taken over, and did it forget commits?

    A failover to a standby that lags may lose commits that were acknowledged. It breaks every
    connection, so it is looked for when there is a new one. A process that just started cannot
    know, and looks once. Threads that find another server at the same time wait for the one that
    repairs it: none of them claims an account whose commit was forgotten.
    """
    journal.announce(worker_name())
    keeping.keep_journal()
    connection = connections[DEFAULT_DB_ALIAS]
    connection.ensure_connection()
    if connection in _server.settled:
        return True
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_postmaster_start_time()")
        mark = cursor.fetchone()
    if not _server.is_reconciled(mark):
        return False
    _server.settled.add(connection)
    return True


class _Server:
    """Which server this process has compared its host's journal with, and who is connected to it.

    Attributes:
        mark: the server's start, once the comparison was done.
        settled: connections to it. One that is opened anew is not in it.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.mark: tuple[Any, ...] | None = None
        self.settled: WeakSet[BaseDatabaseWrapper] = WeakSet()
        self.again_at = float("-inf")
        self.gives_up_at = float("inf")

    def is_reconciled(self, mark: tuple[Any, ...]) -> bool:
        """Compare the journal with the server of ``mark``, unless that was done.

        Returns False where a part of the journal could not be read or stored; after as long as
        entries are kept, that holds up nobody any more. Raises DATABASE_AWAY.
        """
        if mark == self.mark:
            return True
        with self.lock:
            if mark == self.mark:
                return True
            if time.monotonic() < self.again_at:
                return False
            complete = find_all_again(now=timezone.now())
            moment = time.monotonic()
            if complete or moment > self.gives_up_at:
                self.mark = mark
                self.gives_up_at = float("inf")
                return True
            self.again_at = moment + AGAIN_SECONDS
            longest = moment + settings.JOURNAL_RETENTION_SECONDS
            self.gives_up_at = min(self.gives_up_at, longest)
        return False


_server = _Server()


def _note_connection(*, connection: BaseDatabaseWrapper, **_: object) -> None:
    _server.settled.discard(connection)


def _begin_anew_in_child() -> None:
    # The parent's threads may have held the lock.
    _server.lock = threading.Lock()


os.register_at_fork(after_in_child=_begin_anew_in_child)
connection_created.connect(_note_connection, dispatch_uid="connections.refresh.preparing")
