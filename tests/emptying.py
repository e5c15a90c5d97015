"""Empties the test database after a test that committed, at a tenth of what Django takes for it.

Django truncates every table, however few rows there are, and then makes content types and
permissions anew: half a second for each such test.
"""

from __future__ import annotations

from typing import Any, Final

from django.apps import apps
from django.core.management import call_command
from django.db import connection, transaction
from psycopg import sql

from config.schedules import write_schedules

# Filled by Django after migrating, the same rows each time. No test has a reason to change them.
KEPT: Final = (
    "django_content_type",
    "auth_permission",
    "auth_group",
    "auth_group_permissions",
)
# Into which triggers write when others are emptied.
LAST: Final = frozenset({"connections_accounttally", "connections_refreshtally"})
# From which nothing can be deleted: a trigger sees to it.
TRUNCATED: Final = frozenset({"integrations_auditentry"})


class Emptying:
    """Knows what the database holds once it is migrated, and brings that back."""

    def __init__(self) -> None:
        self._kept_rows: list[int] = []

    def remember(self) -> None:
        """Note how many rows the tables that are kept have, while they are as migrated."""
        self._kept_rows = _count_kept()

    def empty(self) -> None:
        """Delete what the test left behind. Sequences go on, as after Django's own way."""
        tables = connection.introspection.django_table_names(only_existing=True)
        with transaction.atomic():
            others = [table for table in tables if table not in {*KEPT, *LAST}]
            for table in [*_filled(others), *LAST]:
                how = "TRUNCATE {}" if table in TRUNCATED else "DELETE FROM {}"
                _run(sql.SQL(how).format(sql.Identifier(table)))
        if _count_kept() == self._kept_rows:
            write_schedules(apps.get_app_config("django_q"))
        else:
            call_command("flush", verbosity=0, interactive=False)
            self.remember()


def _filled(tables: list[str]) -> list[str]:
    looks = [
        sql.SQL("SELECT {} WHERE EXISTS (SELECT FROM {})").format(table, sql.Identifier(table))
        for table in tables
    ]
    return [str(table) for (table,) in _run(sql.SQL(" UNION ALL ").join(looks))]


def _count_kept() -> list[int]:
    counts = [sql.SQL("(SELECT count(*) FROM {})").format(sql.Identifier(name)) for name in KEPT]
    [row] = _run(sql.SQL("SELECT ") + sql.SQL(", ").join(counts))
    return [int(count) for count in row]


def _run(query: sql.Composable) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query.as_string())
        return cursor.fetchall() if cursor.description else []
