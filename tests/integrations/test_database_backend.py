"""The database backend: it sees whether a connection is usable, and prepares statements."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import psycopg
import pytest
from django.db import OperationalError, connection, transaction

from connections.models import ConnectedAccount
from integrations.database import DATABASE_AWAY, base, is_away
from integrations.statements import rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.models import QuerySet

    from integrations.database.base import DatabaseWrapper

pytestmark = pytest.mark.django_db(transaction=True)

STATEMENT = "SELECT %(number)s::int + 1"


@pytest.fixture
def backend() -> Iterator[DatabaseWrapper]:
    connection.close()
    connection.ensure_connection()
    yield cast("DatabaseWrapper", connection)
    connection.close()


def end_from_the_other_side() -> None:
    """End this connection's process at the server, as its restart would."""
    server: psycopg.Connection[Any] = connection.connection
    with psycopg.connect(server.info.dsn, password=server.info.password) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [server.info.backend_pid])


def test_a_connection_that_works_is_usable_without_asking(
    backend: DatabaseWrapper, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr("django.db.backends.postgresql.base.DatabaseWrapper.is_usable", fail)
    assert backend.is_usable()


def test_a_connection_that_the_server_ended_is_not_usable(backend: DatabaseWrapper) -> None:
    end_from_the_other_side()
    assert not backend.is_usable()


def test_a_connection_that_was_told_something_is_asked(backend: DatabaseWrapper) -> None:
    with backend.cursor() as cursor:
        cursor.execute("LISTEN evergrant_test")
    server: psycopg.Connection[Any] = connection.connection
    with psycopg.connect(server.info.dsn, password=server.info.password) as other:
        other.execute("NOTIFY evergrant_test")
    assert backend.is_usable()


def test_a_statement_after_a_restart_goes_over_a_new_connection(backend: DatabaseWrapper) -> None:
    end_from_the_other_side()
    for name, value in {"health_check_enabled": True, "health_check_done": False}.items():
        setattr(backend, name, value)  # as at the beginning of a request
    assert rows(STATEMENT, {"number": 1}) == [(2,)]


def test_a_statement_is_prepared_once_whatever_its_values(backend: DatabaseWrapper) -> None:
    for number in range(3):
        assert rows(STATEMENT, {"number": number}) == [(number + 1,)]
    prepared = rows(
        "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE %(like)s",
        {"like": "%int + 1"},
    )
    assert prepared == [(1,)]


def test_a_statement_fails_with_errors_of_django(backend: DatabaseWrapper) -> None:
    end_from_the_other_side()
    with pytest.raises(OperationalError):
        rows(STATEMENT, {"number": 1})


def update_twice(held: QuerySet[ConnectedAccount]) -> None:
    """Update what another connection waits for, stand still until that has it, and go on."""
    server: psycopg.Connection[Any] = connection.connection
    with transaction.atomic():
        held.update(alias="by the one that stood still")
        with psycopg.connect(server.info.dsn, password=server.info.password) as other:
            other.execute("SET lock_timeout = '30s'")
            other.execute("UPDATE connections_connectedaccount SET alias = 'by another one'")
        held.update(alias="by the one that went on")


def test_a_transaction_that_stands_still_holds_nobody_up(
    account: ConnectedAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base, "IDLE_IN_TRANSACTION_SECONDS", 1)
    connection.close()
    connection.ensure_connection()
    with pytest.raises(DATABASE_AWAY) as caught:
        update_twice(ConnectedAccount.objects.filter(pk=account.pk))
    assert is_away(caught.value)
    assert ConnectedAccount.objects.get().alias == "by another one"
    connection.close()
