"""An embedded PostgreSQL for development and tests. Production brings its own server."""

from config.postgres.errors import PostgresError, PostgresInUseError
from config.postgres.server import EmbeddedPostgres, embedded

__all__ = ["EmbeddedPostgres", "PostgresError", "PostgresInUseError", "embedded"]
