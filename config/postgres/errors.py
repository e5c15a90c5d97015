"""What can go wrong with the embedded PostgreSQL."""


class PostgresError(Exception):
    """The embedded PostgreSQL cannot be used. The message is one line for whoever started it."""


class PostgresInUseError(PostgresError):
    """Another process runs a server on the same folder."""
