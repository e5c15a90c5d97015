"""Django's PostgreSQL backend, with two things that it does not offer (``ENGINE``).

It looks at a kept connection without asking the server, and runs statements as prepared ones.
"""

from __future__ import annotations

import select
from typing import TYPE_CHECKING, Any

import psycopg
from django.db.backends.postgresql import base

if TYPE_CHECKING:
    from django.db.backends.utils import CursorWrapper


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's own, which keeps its ways of reporting errors, of transactions and of tests."""

    def get_connection_params(self) -> dict[str, Any]:
        """Return Django's, with prepared statements allowed; its own cursors make none."""
        params: dict[str, Any] = super().get_connection_params()
        return params | {"prepare_threshold": 0}

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
        arrivals = select.poll()
        arrivals.register(self.connection.fileno(), select.POLLIN)  # also tells of errors, hang-ups
        return not arrivals.poll(0) or bool(super().is_usable())
