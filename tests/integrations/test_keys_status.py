"""What ``manage.py keys status`` and ``reseal`` say: ids and counts, never a key or a text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from pytest_django.fixtures import Settings

from integrations.models import AuthConfig
from integrations.secrets import holders
from integrations.secrets.processes import connection_name, other_connections
from tests.integrations.key_connections import process
from tests.integrations.key_rows import Keys, fill_every_column, fresh, keys, run_keys, texts
from tests.integrations.sealing import column, make, plant

pytestmark = pytest.mark.django_db


def status() -> dict[str, object]:
    """Return the status as JSON says it."""
    shown: dict[str, object] = json.loads(run_keys("status", "--json")[1])
    return shown


def test_the_keys_stand_in_order_with_canary_and_texts(keys_in_turn: Keys) -> None:
    make()
    old = keys_in_turn.rotate()
    assert status()["keys"] == [
        {
            "key_id": keys_in_turn.ids[0],
            "position": 1,
            "canary": "intact",
            "retired_at": None,
            "texts": 0,
        },
        {"key_id": old, "position": 2, "canary": "intact", "retired_at": None, "texts": 1},
    ]


def test_every_place_is_counted(keys_in_turn: Keys) -> None:
    fill_every_column()
    counted = status()["texts"]
    assert isinstance(counted, dict)
    assert counted.pop("journal") == {}
    assert len(counted) >= 7
    assert all(list(counts) == keys_in_turn.ids for counts in counted.values())


def test_a_key_that_is_not_configured_is_flagged(keys_in_turn: Keys) -> None:
    config = make()
    plant(config, f"deadbeef{column(config)[8:]}")
    code, said = run_keys("status")
    assert code == 1
    assert re.search(r"deadbeef +not configured +none +1\n", said)
    assert "put key deadbeef back, behind the others: 1 texts need it" in said


def test_a_text_that_is_not_sealed_is_flagged_and_not_shown(keys_in_turn: Keys) -> None:
    plant(make(), "hunter2 in the clear")
    code, said = run_keys("status")
    assert code == 1
    assert "1 texts that are not sealed" in said
    assert "hunter2" not in said


def test_an_altered_canary_is_flagged(keys_in_turn: Keys) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE integrations_keycanary SET text = 'x'")
    code, said = run_keys("status")
    assert code == 1
    assert f"the canary of key {keys_in_turn.ids[0]}: it does not open" in said


def test_looking_changes_nothing(keys_in_turn: Keys, settings: Settings) -> None:
    keys("status")
    settings.FIELD_ENCRYPTION_KEYS = [fresh(), *keys_in_turn.configured]
    assert status()["keys"][0]["canary"] == "none"  # type: ignore[index]
    assert status()["keys"][0]["canary"] == "none"  # type: ignore[index]


@pytest.mark.parametrize("given", [[], ["no key"]])
def test_without_usable_keys_it_says_so(settings: Settings, given: list[str]) -> None:
    settings.FIELD_ENCRYPTION_KEYS = given
    with pytest.raises(CommandError, match="FIELD_ENCRYPTION_KEYS"):
        keys("status")


def test_nothing_shown_is_a_key_or_a_text(keys_in_turn: Keys) -> None:
    fill_every_column()
    keys_in_turn.rotate()
    secrets = {*texts().values(), *keys_in_turn.configured}
    shown = keys("status") + keys("status", "--json") + keys("reseal") + keys("status")
    assert not [secret for secret in secrets if secret in shown]


def test_what_is_outside_the_database_is_waited_for(
    keys_in_turn: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = keys_in_turn.rotate()
    monkeypatch.setattr(holders, "_holders", {"journal": lambda: {old: 2}})
    said = keys("status")
    assert f"Next: wait: the 2 texts of key {old} in journal go with time." in said


# --- Processes -----------------------------------------------------------------------------------


def test_this_process_tells_the_database_its_keys() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SHOW application_name")
        [name] = cursor.fetchone()
    assert re.fullmatch("evergrant [0-9a-f]{8}", name)


def test_processes_are_shown_with_their_keys_and_others_are_not(keys_in_turn: Keys) -> None:
    start = [fresh() for _ in range(3)]
    with process(*start[:2]), process(*start[:2]), process(start[2]), process():
        found = {seen.key_ids: seen.count for seen in other_connections()}
    ids = [connection_name([key]).removeprefix("evergrant ") for key in start]
    assert found == {(ids[0], ids[1]): 2, (ids[2],): 1}


def test_a_process_with_more_keys_than_it_can_tell_of_is_no_obstacle(keys_in_turn: Keys) -> None:
    many = [fresh() for _ in range(7)]
    assert len(connection_name(many)) <= 63
    with process(*many):
        [seen] = other_connections()
    assert not seen.all_told
    assert not seen.lack(keys_in_turn.ids[0])


def test_a_process_that_cannot_open_what_is_sealed_now_is_flagged(keys_in_turn: Keys) -> None:
    old = keys_in_turn.configured[0]
    keys_in_turn.rotate()
    with process(old):
        code, said = run_keys("status")
    assert code == 1
    assert f"restart the processes that were started without key {keys_in_turn.ids[0]}" in said


def test_a_process_that_still_seals_with_the_old_key_is_to_be_restarted(
    keys_in_turn: Keys,
) -> None:
    old_key = keys_in_turn.configured[0]
    old = keys_in_turn.rotate()
    with process(old_key, keys_in_turn.configured[0]):
        assert f"Next: restart the processes that still seal with key {old}." in keys("status")


@pytest.fixture
def other_role(keys_in_turn: Keys) -> Iterator[None]:
    """Ask the database as a role to which it shows little of the processes' connections."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE ROLE of_commands")
        cursor.execute("GRANT pg_read_all_data, pg_write_all_data TO of_commands")
        cursor.execute("SET ROLE of_commands")
        yield
        cursor.execute("RESET ROLE")


def test_a_process_of_another_database_role_is_shown_as_far_as_it_is_known(
    keys_in_turn: Keys, other_role: None
) -> None:
    [key] = keys_in_turn.configured
    with process(key):
        shown = keys("status")
        connections = status()["connections"]
    assert re.search(rf"an address that is not shown +{keys_in_turn.ids[0]} +1 +not known\n", shown)
    key_ids = keys_in_turn.ids
    told = {"key_ids": key_ids, "all_told": True, "address": "", "count": 1, "since": None}
    assert connections == [told]


def test_a_process_of_another_database_role_is_waited_for(
    keys_in_turn: Keys, other_role: None
) -> None:
    old = keys_in_turn.configured[0]
    keys_in_turn.rotate()
    with (
        process(old),
        pytest.raises(CommandError, match=r"hold 1 connections to the database\. Re"),
    ):
        keys("reseal")


# --- Re-sealing ----------------------------------------------------------------------------------


def test_resealing_says_what_it_did(keys_in_turn: Keys) -> None:
    make()
    keys_in_turn.rotate()
    assert keys("reseal").splitlines() == [
        "integrations.AuthConfig.client_secret: 1 re-sealed",
        f"Every text in the database is sealed with key {keys_in_turn.ids[0]}.",
    ]


def test_resealing_lists_what_does_not_open_by_model_and_id_and_fails(
    keys_in_turn: Keys, capsys: pytest.CaptureFixture[str]
) -> None:
    config = make()
    plant(config, "hunter2")
    make()
    keys_in_turn.rotate()
    with pytest.raises(CommandError, match="1 texts do not open"):
        call_command("keys", "reseal")
    said = capsys.readouterr()
    assert said.out.splitlines() == [
        f"integrations.AuthConfig.client_secret {config.pk} does not open: SealBroken",
        "integrations.AuthConfig.client_secret: 1 re-sealed",
    ]
    assert "hunter2" not in said.err


def test_resealing_waits_for_every_process_that_does_not_know_the_key(keys_in_turn: Keys) -> None:
    config, old = make(), keys_in_turn.configured[0]
    before = keys_in_turn.rotate()
    with process(old), pytest.raises(CommandError, match="without key"):
        keys("reseal")
    assert column(AuthConfig.objects.get(pk=config.pk)).startswith(before)


@pytest.mark.parametrize("size", ["0", "-1", "10001"])
def test_a_batch_is_neither_empty_nor_endless(keys_in_turn: Keys, size: str) -> None:
    with pytest.raises(CommandError, match="--batch-size"):
        keys("reseal", "--batch-size", size)
