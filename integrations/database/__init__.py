"""What tells that the database is away, as opposed to a query that is wrong."""

from django.db import InterfaceError, InternalError, OperationalError

# InternalError: a server that was demoted in a failover refuses writes (read_only_sql_transaction).
DATABASE_AWAY = (OperationalError, InterfaceError, InternalError)
