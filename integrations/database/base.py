"""Django's PostgreSQL backend, with what it does not offer (``ENGINE``).

It looks at a kept connection without asking the server, runs statements as prepared ones, waits for
no lock without end, and keeps none while nothing is asked.
"""

from __future__ import annotations

import select
from typing import TYPE_CHECKING, Any, Final

import psycopg
from django.db.backends.postgresql import base
from psycopg.pq import TransactionStatus

if TYPE_CHECKING:
    from django.db.backends.utils import CursorWrapper


# Somebody's forgotten transaction must not hold up refreshing until leases end (they last longer).
LOCK_SECONDS: Final = 5
# Nor must a process that was stopped in the middle of one: the server rolls it back, while whoever
# has an answer to store still tries.
IDLE_IN_TRANSACTION_SECONDS: Final = 10


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's own, which keeps its ways of reporting errors, of transactions and of tests."""

    def get_connection_params(self) -> dict[str, Any]:
        """Return Django's, with prepared statements allowed; its own cursors make none."""
        params: dict[str, Any] = super().get_connection_params()
        return params | {"prepare_threshold": 0}

    def init_connection_state(self) -> None:
        """Prepare a new connection."""
        super().init_connection_state()
        with self.connection.cursor() as cursor:
            cursor.execute(
                f"SET lock_timeout = '{LOCK_SECONDS}s';"
                f"SET idle_in_transaction_session_timeout = '{IDLE_IN_TRANSACTION_SECONDS}s'"
            )
        if not self.get_autocommit():
            self.connection.commit()

    def preparing_cursor(self) -> CursorWrapper:
        """Return a cursor whose statements the server parses and plans once per connection.

        Values travel apart from the statement, so each needs a type that PostgreSQL can tell from
        where it stands (a cast, where it cannot).
        """
        self.close_if_health_check_failed()
        self.ensure_connection()
        with self.wrap_database_errors:
            made: CursorWrapper = self._prepare_cursor(  # type: ignore[attr-defined]
                psycopg.Cursor(self.connection)
            )
            return made

    def is_usable(self) -> bool:
        """Return whether a kept connection can take a statement (``CONN_HEALTH_CHECKS``).

        Django sends ``SELECT 1`` at the beginning of every request. But a server that restarted or
        was failed over from has closed its end, and the socket shows that. The server is asked
        only where there is something to read that nobody waits for.
        """
        if self.connection is None or self.connection.closed:
            return False
        if self.connection.info.transaction_status == TransactionStatus.INERROR:
            return False
        arrivals = select.poll()
        arrivals.register(self.connection.fileno(), select.POLLIN)  # also tells of errors, hang-ups
        return not arrivals.poll(0) or bool(super().is_usable())
