"""The sandbox's corner of the database: one schema, reached through ``search_path``."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEMA_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")
# Two starts at once take turns at creating the schema, the keys and the tables.
PREPARE_LOCK = 0x5A9DB0C5
CONNECT_SECONDS = 10


def django_connection(database_url: str, schema: str) -> dict[str, Any]:
    """Return the DATABASES entry for a libpq URL (a socket folder as ``host`` works as well)."""
    parameters = {name: value for name, value in conninfo_to_dict(database_url).items() if value}
    named = {
        setting: str(parameters.pop(name, ""))
        for setting, name in (
            ("NAME", "dbname"),
            ("USER", "user"),
            ("PASSWORD", "password"),
            ("HOST", "host"),
            ("PORT", "port"),
        )
    }
    parameters.setdefault("connect_timeout", CONNECT_SECONDS)
    parameters["options"] = f"{parameters.get('options', '')} -c search_path={schema}".strip()
    return {
        "ENGINE": "django.db.backends.postgresql",
        **named,
        "OPTIONS": parameters,
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
    }


@contextmanager
def preparing(database_url: str, schema: str) -> Iterator[psycopg.Connection[Any]]:
    """Yield a connection inside ``schema``, which exists, holding the preparation lock.

    Raises:
        ValueError: the schema's name is not a plain lower-case identifier.
        psycopg.Error: the database cannot be reached or refuses.
    """
    if not SCHEMA_NAME.fullmatch(schema):
        message = f"{schema!r} is not a plain lower-case schema name"
        raise ValueError(message)
    with psycopg.connect(
        database_url, autocommit=True, connect_timeout=CONNECT_SECONDS
    ) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [PREPARE_LOCK])
        name = sql.Identifier(schema)
        connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(name))
        connection.execute(sql.SQL("SET search_path TO {}").format(name))
        yield connection
