"""Runs SQL of our own, where the ORM has no words for it or costs more than the statement.

Who does is listed in a contract test. Values are always given apart from the statement, which the
server prepares once per connection.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from django.db import connection

# Of the columns, by statement: there are as many as are written down in the code.
_names: dict[str, list[str]] = {}

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from django.db.backends.utils import CursorWrapper

    from integrations.database.base import DatabaseWrapper


def run(statement: str, given: Mapping[str, Any]) -> None:
    """Run ``statement`` with the values ``given``."""
    with _cursor() as cursor:
        cursor.execute(statement, given)


def rows(statement: str, given: Mapping[str, Any]) -> list[Any]:
    """Run ``statement`` and return its rows as tuples."""
    with _cursor() as cursor:
        cursor.execute(statement, given)
        return list(cursor.fetchall())


def dicts(statement: str, given: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Run ``statement`` and return its rows by the columns' names."""
    with _cursor() as cursor:
        cursor.execute(statement, given)
        found = cursor.fetchall()
        # psycopg makes an object for each column to tell its name.
        names = _names.get(statement)
        if names is None:
            names = _names[statement] = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in found]


def as_json(records: Iterable[Mapping[str, Any]]) -> str:
    """Return ``records`` for PostgreSQL's ``jsonb_to_recordset``; times become ISO texts."""
    return json.dumps(list(records), default=str)


def _cursor() -> CursorWrapper:
    return cast("DatabaseWrapper", connection).preparing_cursor()
