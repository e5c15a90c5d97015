"""The file of the keys is changed whole or not at all, and stays as private as it was."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from integrations.secrets import Secret, keys_file
from integrations.secrets.keys_file import KeysFileUnusable, write_new_file
from tests.integrations.key_rows import fresh

CHANGED = Secret("changed,list")


@pytest.fixture
def keys(settings: Settings) -> list[str]:
    settings.FIELD_ENCRYPTION_KEYS = [fresh(), fresh()]
    return list(settings.FIELD_ENCRYPTION_KEYS)


@pytest.fixture
def plain(keys: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file as FIELD_ENCRYPTION_KEYS_FILE names it."""
    path = tmp_path / "keys"
    path.write_text(",".join(keys) + "\n")
    path.chmod(0o600)
    monkeypatch.setenv("FIELD_ENCRYPTION_KEYS_FILE", str(path))
    return path


@pytest.fixture
def lines(keys: list[str], tmp_path: Path, settings: Settings) -> Path:
    """A file of variables, as KEYS_ENV_FILE names it."""
    path = tmp_path / "evergrant.env"
    path.write_text(f"# Secrets.\nSECRET_KEY=s\nFIELD_ENCRYPTION_KEYS={','.join(keys)}\nB=c\n")
    settings.KEYS_ENV_FILE = str(path)
    return path


def found() -> keys_file.KeysFile:
    file = keys_file.keys_file()
    assert file is not None
    return file


def test_the_keys_in_a_file_of_their_own_are_replaced(plain: Path) -> None:
    found().write(CHANGED)
    assert plain.read_text() == "changed,list\n"


def test_in_a_file_of_variables_everything_else_stays(lines: Path) -> None:
    found().write(CHANGED)
    assert lines.read_text() == (
        "# Secrets.\nSECRET_KEY=s\nFIELD_ENCRYPTION_KEYS=changed,list\nB=c\n"
    )


@pytest.mark.parametrize("written", ['export {}="{}"', "{}='{}'", "{}={}  "])
def test_quotes_and_export_are_understood(lines: Path, keys: list[str], written: str) -> None:
    lines.write_text(written.format("FIELD_ENCRYPTION_KEYS", ",".join(keys)))
    found().write(CHANGED)
    assert lines.read_text() == written.format("FIELD_ENCRYPTION_KEYS", "changed,list")


def test_without_either_there_is_no_file(keys: list[str]) -> None:
    assert keys_file.keys_file() is None


def test_the_file_of_the_value_comes_before_the_file_of_variables(plain: Path, lines: Path) -> None:
    assert found().path == plain


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o400])
def test_owner_and_mode_stay(plain: Path, mode: int) -> None:
    plain.chmod(mode)
    before = plain.stat()
    found().write(CHANGED)
    after = plain.stat()
    assert stat.S_IMODE(after.st_mode) == mode
    assert (after.st_uid, after.st_gid) == (before.st_uid, before.st_gid)
    assert after.st_ino != before.st_ino, "replaced as a whole, not written over"


def test_a_link_stays_and_what_it_leads_to_is_replaced(
    plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = tmp_path / "link"
    link.symlink_to(plain)
    monkeypatch.setenv("FIELD_ENCRYPTION_KEYS_FILE", str(link))
    found().write(CHANGED)
    assert link.is_symlink()
    assert plain.read_text() == "changed,list\n"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "FIELD_ENCRYPTION_KEYS=",
        "FIELD_ENCRYPTION_KEYS={other}",
        "FIELD_ENCRYPTION_KEYS={keys}\nFIELD_ENCRYPTION_KEYS={keys}",
        "# FIELD_ENCRYPTION_KEYS={keys}",
        "FIELD_ENCRYPTION_KEYS={swapped}",
    ],
)
def test_a_file_with_another_list_is_refused_and_left(
    lines: Path, keys: list[str], text: str
) -> None:
    both = {"keys": ",".join(keys), "swapped": ",".join(keys[::-1]), "other": fresh()}
    lines.write_text(text.format(**both))
    before = lines.read_text()
    with pytest.raises(KeysFileUnusable) as caught:
        found().write(CHANGED)
    assert "other keys than this process" in str(caught.value)
    assert lines.read_text() == before
    assert not any(key in str(caught.value) for key in [*keys, both["other"]])


def test_a_file_that_is_gone_is_told(plain: Path) -> None:
    plain.unlink()
    with pytest.raises(KeysFileUnusable, match="No such file"):
        found().write(CHANGED)


def test_where_the_replacing_fails_the_file_is_as_before_and_nothing_lies_around(
    plain: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = plain.read_text()

    def fail(path: Path, target: Path) -> Path:
        raise OSError(16, "Device or resource busy")  # as where the file is a mount

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(KeysFileUnusable, match="busy"):
        found().write(CHANGED)
    assert plain.read_text() == before
    assert [path.name for path in plain.parent.iterdir()] == [plain.name]


def test_a_new_file_is_for_its_owner_only(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        write_new_file(tmp_path / "new", CHANGED)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o600
    assert (tmp_path / "new").read_text() == "changed,list\n"


def test_a_new_file_never_replaces_one(tmp_path: Path) -> None:
    (tmp_path / "new").write_text("precious")
    with pytest.raises(KeysFileUnusable, match="File exists"):
        write_new_file(tmp_path / "new", CHANGED)
    assert (tmp_path / "new").read_text() == "precious"
