"""What tells that the database is away, as opposed to a query that is wrong or in vain."""

from __future__ import annotations

from typing import Final

from django.db import InterfaceError, InternalError, OperationalError

# InternalError: a server that was demoted in a failover refuses writes (read_only_sql_transaction).
DATABASE_AWAY = (OperationalError, InterfaceError, InternalError)
# PostgreSQL, appendix A: connection exceptions, insufficient resources, the server goes down or
# comes up, read-only transaction, connection ended because its transaction stood still. Without a
# code the connection was lost.
_LOCK_NOT_AVAILABLE: Final = "55P03"
_AWAY: Final = ("08", "53", "57P", "25006", "25P03")


def is_away(error: BaseException) -> bool:
    """Whether ``error``, one of `DATABASE_AWAY`, would meet any other statement just as well.

    A time-out of the statement or of a lock, a deadlock and a damaged page concern what was asked.
    """
    code = _code(error)
    return code == "" or code.startswith(_AWAY)


def is_locked(error: BaseException) -> bool:
    """Whether somebody else's lock was in the way, at once or for longer than is waited for."""
    return _code(error) == _LOCK_NOT_AVAILABLE


def _code(error: BaseException) -> str:
    return getattr(error.__cause__, "sqlstate", None) or ""
