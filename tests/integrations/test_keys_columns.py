"""Every sealed column is found, whoever adds one, and its texts are counted by key."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connection, models
from django.test.utils import isolate_apps

from integrations.models import AuthConfig, KeyCanary
from integrations.secrets import SealedField, Secret, holders, keyring
from integrations.secrets.census import take_census
from integrations.secrets.columns import SealedColumn, sealed_columns
from integrations.secrets.resealing import reseal_column
from tests.integrations.key_rows import Keys, column_of, fill_every_column
from tests.integrations.sealing import make, plant

pytestmark = pytest.mark.django_db


def columns_that_hold_sealed_texts() -> set[tuple[str, str]]:
    """Ask the database, not the models: every text that begins like a sealed one."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name FROM information_schema.columns WHERE"
            " table_schema = 'public' AND data_type IN ('text', 'character varying')"
        )
        every = cursor.fetchall()
        found = set()
        for table, column in every:
            cursor.execute(f'SELECT 1 FROM "{table}" WHERE "{column}" ~ %s', [_SEALED])  # noqa: S608
            if cursor.fetchone():
                found.add((table, column))
    return found


_SEALED = r"^[0-9a-f]{8}\.gAAAA"


def test_every_column_with_a_sealed_text_is_found(keys_in_turn: Keys) -> None:
    fill_every_column()
    ours = {(column.model._meta.db_table, column.field.column) for column in sealed_columns()}
    canaries = {(KeyCanary._meta.db_table, "text")}
    assert columns_that_hold_sealed_texts() == ours | canaries
    assert len(ours) >= 7


@isolate_apps("integrations")
def test_a_new_field_of_a_new_model_is_found_counted_and_resealed(keys_in_turn: Keys) -> None:
    class Passport(models.Model):
        number = SealedField(null=True)
        stamp = SealedField(version_attribute="edition")
        edition = models.IntegerField(default=3)

        class Meta:
            app_label = "integrations"

    columns = sealed_columns(Passport._meta.apps)
    assert [column.field.name for column in columns] == ["number", "stamp"]
    with connection.schema_editor() as editor:
        editor.create_model(Passport)
    made = Passport(pk=7, number=Secret("one"), stamp=Secret("two"))
    made.save()
    Passport(pk=8, stamp=Secret("three")).save()
    before = keys_in_turn.rotate()
    assert [column.count_by_key() for column in columns] == [{before: 1}, {before: 2}]
    for column in columns:
        list(reseal_column(column, batch_size=1, stop=threading.Event()))
    assert [column.count_by_key() for column in columns] == [
        {keys_in_turn.ids[0]: 1},
        {keys_in_turn.ids[0]: 2},
    ]
    made.refresh_from_db()
    assert (made.number.reveal(), made.stamp.reveal()) == ("one", "two")


@isolate_apps("integrations")
def test_a_row_that_the_database_numbers_cannot_be_sealed_for_before() -> None:
    class Ticket(models.Model):
        text = SealedField()

        class Meta:
            app_label = "integrations"

    with connection.schema_editor() as editor:
        editor.create_model(Ticket)
    with pytest.raises(ValueError, match="needs its id first"):
        Ticket(text=Secret("x")).save()


@isolate_apps("integrations")
def test_an_inherited_field_is_counted_once() -> None:
    class Paper(models.Model):
        text = SealedField()

        class Meta:
            app_label = "integrations"

    class Deed(Paper):
        class Meta:
            app_label = "integrations"

    class Copy(Paper):
        class Meta:
            app_label = "integrations"
            proxy = True

    assert [str(column) for column in sealed_columns(Paper._meta.apps)] == [
        "integrations.Paper.text"
    ]
    assert (Deed._meta.proxy, Copy._meta.proxy) == (False, True)


def test_texts_are_counted_by_key(keys_in_turn: Keys) -> None:
    make()
    before = keys_in_turn.rotate()
    for _ in range(2):
        make()
    secret = column_of(AuthConfig, "client_secret")
    assert secret.count_by_key() == {before: 1, keys_in_turn.ids[0]: 2}
    assert take_census().by_key == {before: 1, keys_in_turn.ids[0]: 2}


@pytest.mark.parametrize("text", ["", "hunter2 hunter2", "DEADBEEF.x", "deadbeefx", "deadbeef"])
def test_what_is_not_sealed_is_counted_as_such_and_not_quoted(text: str) -> None:
    plant(make(), text)
    assert column_of(AuthConfig, "client_secret").count_by_key() == {"": 1}


def test_the_column_is_read_once_and_no_text_leaves_the_database() -> None:
    make()
    statements: list[str] = []

    def note(execute: Any, sql: str, *rest: Any) -> Any:
        statements.append(sql)
        return execute(sql, *rest)

    with connection.execute_wrapper(note):
        column_of(AuthConfig, "client_secret").count_by_key()
    [statement] = statements
    assert "GROUP BY" in statement
    assert "LEFT(" in statement


def test_the_texts_of_a_registered_holder_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holders, "_holders", {})
    holders.register("drawer", lambda: {"deadbeef": 3})
    census = take_census()
    assert census.of("deadbeef") == {"drawer": 3}
    assert census.by_key["deadbeef"] == 3


def test_the_journal_is_a_holder() -> None:
    assert "journal" in take_census().places


def test_a_row_is_read_without_what_opening_it_does_not_need() -> None:
    make()
    [row] = column_of(AuthConfig, "client_secret").rows_sealed_with(keyring.key_ids()[0])
    assert row.get_deferred_fields() >= {"name", "scopes", "parameters"}


def test_a_column_names_itself_by_app_model_and_field() -> None:
    assert str(SealedColumn(AuthConfig, AuthConfig._meta.get_field("client_secret"))) == (
        "integrations.AuthConfig.client_secret"
    )
