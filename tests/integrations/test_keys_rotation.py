"""Each step of a rotation refuses while the one before is not done everywhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.core.management.base import CommandError
from pytest_django.fixtures import Settings

from integrations.models import KeyCanary
from integrations.secrets import holders, keyring
from tests.integrations.key_connections import process
from tests.integrations.key_rows import Keys, fill_every_column, fresh, keys, run_keys, texts
from tests.integrations.sealing import make, plant_broken

pytestmark = pytest.mark.django_db

FERNET_KEY = re.compile(r"[A-Za-z0-9_-]{43}=")


@pytest.fixture
def file(keys_in_turn: Keys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that the processes have their keys from."""
    path = tmp_path / "keys"
    path.write_text(",".join(keys_in_turn.configured))
    monkeypatch.setenv("FIELD_ENCRYPTION_KEYS_FILE", str(path))
    return path


def ids(file: Path) -> list[str]:
    return [keyring.key_id(key) for key in file.read_text().strip().split(",")]


def restart(keys_in_turn: Keys, file: Path) -> None:
    keys_in_turn.start(*file.read_text().strip().split(","))


def refused(*arguments: str) -> str:
    """Run a step that must be refused, and return what it said."""
    with pytest.raises(CommandError) as caught:
        keys(*arguments)
    return str(caught.value)


# --- The whole way -------------------------------------------------------------------------------


def test_a_key_is_replaced_step_by_step_and_everything_opens_throughout(
    keys_in_turn: Keys, file: Path
) -> None:
    fill_every_column()
    said, [old] = texts(), keys_in_turn.ids
    keys("add")
    restart(keys_in_turn, file)
    new = keys_in_turn.ids[1]
    assert keys_in_turn.ids == [old, new]
    keys("promote", new)
    restart(keys_in_turn, file)
    assert keys_in_turn.ids == [new, old]
    keys("reseal")
    keys("retire", old)
    restart(keys_in_turn, file)
    assert keys_in_turn.ids == [new]
    assert texts() == said
    assert "Next: nothing." in keys("status")


def test_the_status_leads_from_step_to_step(keys_in_turn: Keys, file: Path) -> None:
    make()
    [old] = keys_in_turn.ids
    steps = []
    for _ in range(5):
        step = keys("status").rpartition("Next: ")[2].strip()
        steps.append(step)
        command = re.findall(r"`keys ([^`]+)`", step)
        keys(*command[0].split())
        restart(keys_in_turn, file)
    new = keys_in_turn.ids[0]
    assert steps == [
        "nothing. `keys add` begins a rotation.",
        f"restart every process, then `keys promote {new}`.",
        "`keys reseal`.",
        f"`keys retire {old}`.",
        "nothing. `keys add` begins a rotation.",
    ]


# --- Adding --------------------------------------------------------------------------------------


def test_a_new_key_goes_behind_the_others_and_is_not_shown(keys_in_turn: Keys, file: Path) -> None:
    said = keys("add", terminal=True)
    [old, new] = ids(file)
    assert [old] == keys_in_turn.ids
    assert new in said
    assert not FERNET_KEY.search(said)
    assert "Restart every process" in said


def test_without_a_file_a_new_key_is_shown_once_on_a_terminal(keys_in_turn: Keys) -> None:
    said = keys("add", terminal=True)
    [key] = FERNET_KEY.findall(said)
    assert keyring.key_id(key) in said
    assert keys_in_turn.configured[0] not in said


def test_without_a_file_and_a_terminal_no_key_is_made(keys_in_turn: Keys) -> None:
    assert "must not get into a log" in refused("add")


def test_the_changed_list_can_be_handed_over_in_a_file(keys_in_turn: Keys, tmp_path: Path) -> None:
    said = keys("add", "--to", str(tmp_path / "new"))
    assert ids(tmp_path / "new")[0] == keys_in_turn.ids[0]
    assert len(ids(tmp_path / "new")) == 2
    assert not FERNET_KEY.search(said)


def test_a_second_key_is_not_added_while_one_waits(keys_in_turn: Keys, file: Path) -> None:
    keys("add")
    restart(keys_in_turn, file)
    before = file.read_text()
    assert keys_in_turn.ids[1] in refused("add")
    assert file.read_text() == before


def test_with_the_wrong_keys_nothing_is_added(keys_in_turn: Keys, settings: Settings) -> None:
    settings.FIELD_ENCRYPTION_KEYS = [fresh()]
    assert "not configured" in refused("add")


# --- Promoting -----------------------------------------------------------------------------------


def test_promoting_waits_for_every_process_that_does_not_know_the_key(keys_in_turn: Keys) -> None:
    old, new = keys_in_turn.configured[0], fresh()
    keys_in_turn.start(old, new)
    with process(old):
        said = refused("promote", keys_in_turn.ids[1])
        assert f"without key {keys_in_turn.ids[1]}" in said
        assert "to the front" in keys("promote", keys_in_turn.ids[1], "--ignore-connections")


def test_processes_that_know_the_key_are_no_obstacle(keys_in_turn: Keys) -> None:
    old, new = keys_in_turn.configured[0], fresh()
    keys_in_turn.start(old, new)
    with process(old, new):
        said = keys("promote", keys_in_turn.ids[1])
    assert f"{', '.join(keys_in_turn.ids)} becomes {', '.join(keys_in_turn.ids[::-1])}" in said
    assert not FERNET_KEY.search(said)


@pytest.mark.parametrize("which", ["first", "unknown", "retired"])
def test_what_cannot_be_promoted_is_refused(keys_in_turn: Keys, which: str) -> None:
    old = keys_in_turn.rotate()
    keys("retire", old)
    name = {"first": keys_in_turn.ids[0], "unknown": "deadbeef", "retired": old}[which]
    told = {"first": "seals already", "unknown": "not configured", "retired": "was retired"}
    assert told[which] in refused("promote", name)


# --- Retiring ------------------------------------------------------------------------------------


def test_the_sealing_key_is_not_retired(keys_in_turn: Keys) -> None:
    assert "promote another" in refused("retire", keys_in_turn.ids[0])


def test_a_key_is_not_retired_while_a_text_is_sealed_with_it(keys_in_turn: Keys) -> None:
    make()
    old = keys_in_turn.rotate()
    assert "1 in integrations.AuthConfig.client_secret" in refused("retire", old)
    assert KeyCanary.objects.get(pk=old).retired_at is None


def test_a_key_is_not_retired_while_a_holder_has_a_text_sealed_with_it(
    keys_in_turn: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = keys_in_turn.rotate()
    monkeypatch.setattr(holders, "_holders", {"journal": lambda: {old: 2}})
    assert "2 in journal" in refused("retire", old)
    assert "2 in journal" in refused("retire", old, "--give-up")


def test_a_key_is_not_retired_while_a_holder_cannot_be_counted(
    keys_in_turn: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = keys_in_turn.rotate()

    def unreadable() -> dict[str, int]:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(holders, "_holders", {"journal": unreadable})
    assert "Permission denied" in refused("retire", old)


def test_a_key_is_not_retired_while_a_process_seals_with_it(keys_in_turn: Keys) -> None:
    old_key = keys_in_turn.configured[0]
    old = keys_in_turn.rotate()
    with process(old_key, keys_in_turn.configured[0]):
        assert "seal with it" in refused("retire", old)
    with process(*keys_in_turn.configured):
        assert "was retired" in keys("retire", old)


@pytest.mark.parametrize("name", ["deadbeef", "retired"])
def test_a_key_that_is_unknown_or_gone_is_not_retired(keys_in_turn: Keys, name: str) -> None:
    old = keys_in_turn.rotate()
    keys("retire", old)
    keys_in_turn.start(keys_in_turn.configured[0])
    assert "Key " in refused("retire", old if name == "retired" else name)


def test_a_retired_key_may_stay_behind_and_never_comes_back_in_front(
    keys_in_turn: Keys, settings: Settings
) -> None:
    old = keys_in_turn.rotate()
    [new_key, old_key] = keys_in_turn.configured
    keys("retire", old)
    keys_in_turn.start(new_key, old_key)
    keys_in_turn.start(new_key)
    settings.FIELD_ENCRYPTION_KEYS = [old_key, new_key]
    assert "was retired" in refused("add")
    assert f"put another key in front: {old} was retired" in status_of_trouble()


def test_without_a_file_it_is_said_which_key_to_take_out(keys_in_turn: Keys) -> None:
    old = keys_in_turn.rotate()
    said = keys("retire", old)
    assert f"the 2nd key ({old})" in said
    assert not FERNET_KEY.search(said)


def test_retiring_again_after_the_file_could_not_be_written_takes_it_out(
    keys_in_turn: Keys, file: Path
) -> None:
    old = keys_in_turn.rotate()
    assert "other keys" in refused("retire", old)
    assert KeyCanary.objects.get(pk=old).retired_at is not None
    file.write_text(",".join(keys_in_turn.configured))
    keys("retire", old)
    assert ids(file) == keys_in_turn.ids[:1]


def test_a_key_that_never_sealed_can_be_retired(keys_in_turn: Keys, file: Path) -> None:
    keys("add")
    restart(keys_in_turn, file)
    keys("retire", keys_in_turn.ids[1])
    assert ids(file) == keys_in_turn.ids[:1]


# --- Texts that nobody can open ------------------------------------------------------------------


def test_a_key_with_broken_texts_only_can_be_given_up(keys_in_turn: Keys) -> None:
    plant_broken(make())
    old = keys_in_turn.rotate()
    assert "1 in" in refused("retire", old)
    assert "was retired" in keys("retire", old, "--give-up")


def test_a_key_is_not_given_up_while_one_text_opens(keys_in_turn: Keys) -> None:
    make()
    plant_broken(make())
    old = keys_in_turn.rotate()
    assert "2 in" in refused("retire", old, "--give-up")


def test_a_lost_key_can_be_given_up_so_that_the_service_starts(
    keys_in_turn: Keys, settings: Settings
) -> None:
    make()
    old = keys_in_turn.rotate()
    settings.FIELD_ENCRYPTION_KEYS = keys_in_turn.configured[:1]
    assert old in status_of_trouble()
    keys("retire", old, "--give-up")
    keys_in_turn.start(keys_in_turn.configured[0])


def status_of_trouble() -> str:
    """Run `keys status`, which must find something to repair, and return what it wrote."""
    code, said = run_keys("status")
    assert code == 1
    return said
