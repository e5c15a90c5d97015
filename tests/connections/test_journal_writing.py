"""A disk that takes nothing is an alarm, and costs neither the caller nor what was written."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings
from structlog.testing import capture_logs

from connections import journal
from connections.journal import segment
from connections.journal.frame import encode
from tests.journal_entries import account, make_entry
from tests.journal_process import JournalProcess


@pytest.fixture(autouse=True)
def folder(settings: Settings, tmp_path: Path) -> Iterator[Path]:
    settings.JOURNAL_FOLDER = tmp_path / "journal"
    yield settings.JOURNAL_FOLDER
    journal.close()


def numbers_read() -> list[int]:
    return [int(entry.account_id[3:]) for entry in journal.read_all()]


# --- A full disk, in a process whose files may not grow -------------------------------------------


def test_a_full_disk_refuses_what_does_not_fit_and_keeps_what_was_there(folder: Path) -> None:
    with JournalProcess(folder) as process:
        process.ask("limit_files 10000")
        taken = process.ask("append 0 100 w")
        assert 0 < taken < 100
        assert process.ask("trouble").startswith("ShortWrite")
        assert numbers_read() == list(range(taken))


def test_a_full_disk_is_told_once_and_so_is_its_end(folder: Path) -> None:
    with JournalProcess(folder) as process:
        process.ask("limit_files 10000")
        process.ask("append 0 100 w")
        process.ask("limit_files none")
        assert process.ask("append 200 10 w") == 10
        assert process.ask("trouble") == ""
        told = [line["event"] for line in process.log()]
    assert told == ["journal_unwritable", "journal_writable_again"]


def test_only_an_entry_that_is_taken_ends_the_alarm(folder: Path) -> None:
    with JournalProcess(folder) as process:
        process.ask("limit_files 10000")
        process.ask("append 0 100 w")
        assert process.ask("announce w")
        assert process.ask("trouble")
        assert [line["event"] for line in process.log()] == ["journal_unwritable"]


def test_what_follows_a_full_disk_is_read(folder: Path) -> None:
    with JournalProcess(folder) as process:
        process.ask("limit_files 10000")
        taken = process.ask("append 0 100 w")
        process.ask("limit_files none")
        process.ask("append 200 10 w")
        size = sum(path.stat().st_size for path in folder.glob("*.journal"))
    assert numbers_read() == [*range(taken), *range(200, 210)]
    # Torn bytes were cut off again.
    assert size == sum(len(segment_bytes(number)) for number in numbers_read())


def segment_bytes(number: int) -> bytes:
    return encode(make_entry(number, worker="w"))


def test_torn_bytes_that_cannot_be_cut_off_end_the_segment(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal.append(make_entry(0))
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda number, data: real_write(number, data[:50]))
        patch.setattr(os, "ftruncate", fail)
        assert not journal.append(make_entry(1))
    assert journal.append(make_entry(2))
    assert numbers_read() == [0, 2]
    assert len(list(folder.glob("*.journal"))) == 2


real_write = os.write


def fail(*_: object) -> None:
    raise OSError(5, "Input/output error")


# --- A folder that cannot be written --------------------------------------------------------------


def test_a_folder_that_cannot_be_is_an_alarm_and_no_error(settings: Settings, folder: Path) -> None:
    folder.write_text("a file, where the folder should be")
    settings.JOURNAL_FOLDER = folder / "journal"
    with capture_logs() as lines:
        assert [journal.append(make_entry(number)) for number in range(3)] == [False] * 3
    assert [(line["event"], line["log_level"]) for line in lines] == [
        ("journal_unwritable", "error")
    ]
    assert journal.trouble() == "NotADirectoryError (ENOTDIR: Not a directory)"


def test_everything_else_works_without_a_folder(settings: Settings, folder: Path) -> None:
    folder.write_text("a file, where the folder should be")
    settings.JOURNAL_FOLDER = folder / "journal"
    assert not journal.announce("w")
    assert journal.find([account(1)]) == {}
    assert list(journal.read_all()) == []
    assert journal.orphans() == []
    assert (journal.size(), journal.key_counts()) == ((0, 0), {})
    journal.close()


def test_a_folder_that_can_be_again_is_told(folder: Path) -> None:
    folder.write_text("a file, where the folder should be")
    assert not journal.append(make_entry(0))
    folder.unlink()
    with capture_logs() as lines:
        assert [journal.append(make_entry(number)) for number in (1, 2)] == [True, True]
    assert [line["event"] for line in lines] == ["journal_writable_again"]
    assert journal.trouble() == ""
    assert numbers_read() == [1, 2]


def test_whatever_breaks_the_caller_goes_on(settings: Settings) -> None:
    settings.JOURNAL_FOLDER = "no\0path"
    assert not journal.append(make_entry())
    assert journal.trouble() == "ValueError"
    settings.JOURNAL_FOLDER = "/tmp/unused"  # noqa: S108 - nothing is written there


def test_trouble_fits_the_heartbeat(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "strerror", lambda _: "x" * 500)
    folder.write_text("a file, where the folder should be")
    journal.append(make_entry())
    assert len(journal.trouble()) == 100


def test_a_folder_that_was_emptied_is_filled_anew(folder: Path) -> None:
    journal.append(make_entry(0))
    shutil.rmtree(folder)
    assert journal.append(make_entry(1))
    assert numbers_read() == [1]


def test_a_segment_that_was_removed_is_not_written_to(folder: Path) -> None:
    journal.append(make_entry(0))
    (path,) = folder.glob("*.journal")
    path.unlink()
    assert journal.append(make_entry(1))
    assert numbers_read() == [1]


# --- On the disk ----------------------------------------------------------------------------------


@pytest.fixture
def flushed(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Collect what is flushed to the disk, and flush it."""
    paths = []
    flush = segment.flush

    def collect(path: Path) -> None:
        flush(path)
        paths.append(path)

    monkeypatch.setattr(segment, "flush", collect)
    return paths


def test_sync_brings_all_own_segments_and_their_names_to_the_disk(
    folder: Path, flushed: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segment, "LARGEST_BYTES", 10)
    assert all(journal.append(make_entry(number)) for number in range(3))
    assert flushed == []
    assert journal.sync()
    assert flushed == [*sorted(folder.glob("*.journal")), folder]


def test_sync_has_nothing_to_do_where_nothing_was_written(flushed: list[Path]) -> None:
    assert journal.sync()
    assert flushed == []


def test_sync_tells_that_entries_cannot_get_to_the_disk(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal.append(make_entry())
    monkeypatch.setattr(segment, "_flush", fail)
    with capture_logs() as lines:
        assert not journal.sync()
    assert [line["error"] for line in lines] == ["OSError (EIO: Input/output error)"]


def test_sync_tells_that_entries_are_gone(folder: Path) -> None:
    journal.append(make_entry())
    (path,) = folder.glob("*.journal")
    path.unlink()
    assert not journal.sync()
