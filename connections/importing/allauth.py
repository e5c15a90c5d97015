"""Reads rows from the tables of django-allauth, in another application's database.

It only reads: in transactions that are read-only, a page at a time, so that none stays open there.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from connections.importing.rows import Row, SourceRefused
from integrations.models.auth_config import Scheme
from integrations.schemes.oauth1 import TOKEN_SECRET

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from integrations.models import AuthConfig

PAGE: Final = 500
_CONNECT_SECONDS: Final = 10
_TABLES: Final = sql.SQL(
    "FROM socialaccount_socialtoken AS token "
    "JOIN socialaccount_socialaccount AS account ON account.id = token.account_id "
    "LEFT JOIN socialaccount_socialapp AS app ON app.id = token.app_id "
)
_PAGE: Final = sql.SQL(
    "SELECT token.id, token.token, token.token_secret, token.expires_at, account.uid, "
    "account.provider, app.client_id, ({user})::text AS user_id {tables}{person} "
    "WHERE token.id > %(after)s AND account.provider = ANY(%(providers)s) "
    "ORDER BY token.id LIMIT %(most)s"
)
_COUNTS: Final = sql.SQL("SELECT account.provider, count(*) AS rows {tables} GROUP BY 1 ORDER BY 1")


@dataclass(frozen=True, kw_only=True)
class Allauth:
    """The social tokens of an application. A row's number is its SocialToken's id.

    Attributes:
        url: of its PostgreSQL database.
        auth_configs: by allauth's names of providers; tokens of others are left out.
        user_table, user_column: what the app calls its users by; without a column, their ids.
        with_identity: whether allauth's ``uid`` is the id that the toolkit's identity call tells.
    """

    url: str = field(repr=False)
    auth_configs: Mapping[str, AuthConfig]
    user_table: str = "auth_user"
    user_column: str = ""
    with_identity: bool = True

    def count(self) -> int:
        counts = self._counts()
        return sum(rows for provider, rows in counts.items() if provider in self.auth_configs)

    def left_out(self) -> dict[str, int]:
        """Return how many tokens there are of providers without an auth config."""
        counts = self._counts()
        return {name: rows for name, rows in counts.items() if name not in self.auth_configs}

    def rows(self) -> Iterator[Row]:
        after = 0
        given = {"providers": list(self.auth_configs), "most": PAGE}
        with self._connected() as connection:
            while page := _read(connection, self._query(), given | {"after": after}):
                yield from map(self._row, page)
                after = page[-1]["id"]

    def place(self, number: int) -> str:
        return f"SocialToken {number}"

    def _counts(self) -> dict[str, int]:
        with self._connected() as connection:
            found = _read(connection, _COUNTS.format(tables=_TABLES), {})
        return {row["provider"]: row["rows"] for row in found}

    def _query(self) -> sql.Composed:
        if not self.user_column:
            return _PAGE.format(user=sql.SQL("account.user_id"), tables=_TABLES, person=sql.SQL(""))
        person = sql.SQL("LEFT JOIN {} AS person ON person.id = account.user_id")
        return _PAGE.format(
            user=sql.Identifier("person", self.user_column),
            tables=_TABLES,
            person=person.format(sql.Identifier(*self.user_table.split("."))),
        )

    def _row(self, found: Mapping[str, Any]) -> Row:
        auth_config = self.auth_configs[found["provider"]]
        values: dict[str, object] = {
            "user_id": found["user_id"],
            "auth_config_id": auth_config.pk,
            "client_id": found["client_id"],
            "access_token": found["token"],
            "expires_at": found["expires_at"],
            "identity_id": found["uid"] if self.with_identity else "",
        }
        # One column for two things: allauth keeps the secret of an OAuth 1 token there.
        if auth_config.scheme == Scheme.OAUTH1:
            values |= {"fields": {TOKEN_SECRET: found["token_secret"]}, "expires_at": None}
        else:
            values["refresh_token"] = found["token_secret"]
        return Row(number=found["id"], values=values)

    @contextmanager
    def _connected(self) -> Iterator[psycopg.Connection[dict[str, Any]]]:
        if not self.url.startswith(("postgres://", "postgresql://")):
            raise SourceRefused("Only PostgreSQL is read. Write what another one has to a file.")
        # No message of the driver is told: it may quote the URL with its password.
        try:
            connection = psycopg.connect(
                self.url, row_factory=dict_row, connect_timeout=_CONNECT_SECONDS
            )
        except psycopg.Error as error:
            problem = f"The database of --allauth cannot be opened: {type(error).__name__}."
            raise SourceRefused(problem) from None
        with connection:
            connection.read_only = True
            yield connection


def _read(
    connection: psycopg.Connection[dict[str, Any]], query: sql.Composed, given: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Return the rows of a query in a transaction of its own. Raises SourceRefused."""
    try:
        with connection.transaction():
            return connection.execute(query, given).fetchall()
    except psycopg.errors.UndefinedTable:
        raise SourceRefused("There are no such tables: allauth's, or --user-table.") from None
    except psycopg.errors.UndefinedColumn:
        raise SourceRefused("A column is not there: allauth's, or --user-column.") from None
    except psycopg.Error as error:
        problem = f"The database of --allauth cannot be read: {type(error).__name__}."
        raise SourceRefused(problem) from None
