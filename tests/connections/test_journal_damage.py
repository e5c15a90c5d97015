"""Whatever happened to a file, its intact entries are read, and those of all other files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pytest_django.fixtures import Settings
from structlog.testing import capture_logs

from connections import journal
from connections.journal import reading
from connections.journal.frame import MAGIC, encode
from connections.journal.index import Index
from tests.journal_entries import KEY_ID, account, make_entry

ENTRIES = [make_entry(number, worker="w" * 7 * number) for number in range(4)]
FRAMES = [encode(entry) for entry in ENTRIES]
WHOLE = b"".join(FRAMES)
BOUNDS = [(len(b"".join(FRAMES[:at])), len(b"".join(FRAMES[: at + 1]))) for at in range(4)]


@pytest.fixture(autouse=True)
def folder(settings: Settings, tmp_path: Path) -> Iterator[Path]:
    settings.JOURNAL_FOLDER = tmp_path / "journal"
    settings.JOURNAL_FOLDER.mkdir()
    yield settings.JOURNAL_FOLDER
    journal.close()


def written(folder: Path, content: bytes, name: str = "gone-1-aa.000001.journal") -> Path:
    """Return a segment of a process that is gone, with ``content``."""
    path = folder / name
    path.write_bytes(content)
    return path


def numbers_read() -> list[int]:
    return [int(entry.account_id[3:]) for entry in journal.read_all()]


def numbers_found() -> list[int]:
    return sorted(int(key[3:]) for key in journal.find(list(map(account, range(10)))))


def test_a_torn_end_does_not_hide_what_is_before_it(folder: Path) -> None:
    written(folder, WHOLE[:-1])
    assert numbers_read() == numbers_found() == [0, 1, 2]


def test_a_torn_end_does_not_hide_what_was_appended_behind_it(folder: Path) -> None:
    written(folder, FRAMES[0] + FRAMES[1][:-5] + FRAMES[2] + FRAMES[3])
    assert numbers_read() == numbers_found() == [0, 2, 3]


def test_a_damaged_byte_costs_its_own_entry_only(folder: Path) -> None:
    for at in range(len(FRAMES[1])):
        damaged = bytearray(FRAMES[1])
        damaged[at] ^= 0x21
        written(folder, FRAMES[0] + damaged + FRAMES[2])
        assert numbers_read() == [0, 2]


def test_a_length_that_leads_to_a_later_frame_is_not_believed(folder: Path) -> None:
    filler = 256 - len(encode(make_entry(1, worker=""))) % 256
    same = [encode(make_entry(number, worker="w" * filler)) for number in (1, 2, 3)]
    blocks, rest = divmod(len(same[0]), 256)
    assert rest == 0
    damaged = bytearray(b"".join(same))
    damaged[14] += blocks  # the second lowest byte of the body's length
    written(folder, bytes(damaged))
    assert numbers_read() == numbers_found() == [2, 3]


def test_the_magic_inside_of_an_entry_is_no_beginning(folder: Path) -> None:
    entry = make_entry(1, worker=MAGIC.decode("latin-1"))
    journal.append(entry)
    assert list(journal.read_all()) == [entry]
    assert MAGIC not in encode(entry)[1:]


@pytest.mark.parametrize("content", [b"", b"hello", MAGIC, MAGIC * 50, b"\0" * 5000])
def test_a_file_without_entries_hides_nothing_in_others(folder: Path, content: bytes) -> None:
    written(folder, content, "a.journal")
    written(folder, WHOLE, "b.journal")
    written(folder, content, "c.journal")
    assert numbers_read() == numbers_found() == [0, 1, 2, 3]


def test_a_folder_in_the_place_of_a_file_hides_nothing_in_others(folder: Path) -> None:
    (folder / "a-1-aa.000001.journal").mkdir()
    written(folder, WHOLE)
    with capture_logs() as lines:
        assert numbers_read() == numbers_found() == [0, 1, 2, 3]
    assert [(line["event"], line["error"]) for line in lines] == [
        ("journal_damaged", "IsADirectoryError")
    ]


def test_files_of_others_are_passed_over(folder: Path) -> None:
    (folder / "README").write_text("kept by hand")
    written(folder, WHOLE)
    with capture_logs() as lines:
        assert numbers_read() == [0, 1, 2, 3]
        assert [orphan.owner for orphan in journal.orphans()] == ["gone-1-aa"]
    assert lines == []


def test_an_entry_of_another_version_is_passed_over(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(type(ENTRIES[0]), "encode", lambda _: b'{"version":2}')
        other = encode(ENTRIES[0])
    written(folder, other + FRAMES[1])
    with capture_logs() as lines:
        assert numbers_read() == [1]
    assert [line["lost_bytes"] for line in lines] == [len(other)]


def test_a_file_that_vanishes_while_it_is_read_hides_nothing_in_others(folder: Path) -> None:
    written(folder, FRAMES[0], "a.journal")
    vanishing = written(folder, FRAMES[1], "b.journal")
    written(folder, FRAMES[2], "c.journal")
    reader = journal.read_all()
    assert next(reader) == ENTRIES[0]
    vanishing.unlink()
    with capture_logs() as lines:
        assert list(reader) == [ENTRIES[2]]
    assert lines == []


def test_a_file_that_vanishes_after_it_was_indexed_hides_nothing(folder: Path) -> None:
    vanished = written(folder, FRAMES[0], "a.journal")
    written(folder, FRAMES[1], "b.journal")
    index = journal.current._current().index
    index.key_counts()
    index._catch_up = lambda: vanished.unlink(missing_ok=True)  # type: ignore[method-assign]
    with capture_logs() as lines:
        assert list(index.find([account(0), account(1)])) == [account(1)]
    assert lines == []


def test_damage_is_told_once_with_its_place(folder: Path) -> None:
    written(folder, FRAMES[0] + b"12345" + FRAMES[1] + b"678" + FRAMES[2])
    with capture_logs() as lines:
        numbers_read()
        numbers_found()
        numbers_read()
    assert [(line["event"], line["at"], line["lost_bytes"]) for line in lines] == [
        ("journal_damaged", len(FRAMES[0]), 5)
    ]


def test_what_is_still_under_way_is_no_damage_and_is_read_once_it_is_there(folder: Path) -> None:
    path = written(folder, FRAMES[0] + FRAMES[1][:50])
    with capture_logs() as lines:
        assert numbers_read() == numbers_found() == [0]
    with path.open("ab") as file:
        file.write(FRAMES[1][50:])
    assert numbers_read() == numbers_found() == [0, 1]
    assert lines == []


def test_an_entry_in_the_place_of_torn_bytes_of_its_length_is_found(folder: Path) -> None:
    path = written(folder, FRAMES[0] + FRAMES[3][: len(FRAMES[1])])
    assert numbers_found() == [0]
    path.write_bytes(FRAMES[0] + FRAMES[1])
    os.utime(path, ns=(0, 0))  # The clock of the file system may not have moved on.
    assert numbers_found() == [0, 1]


def test_a_torn_end_is_told_once_its_writer_is_gone(folder: Path) -> None:
    written(folder, FRAMES[0] + FRAMES[1][:50])
    with capture_logs() as lines:
        (orphan,) = journal.orphans()
        assert list(orphan.entries()) == [ENTRIES[0]]
    orphan.release()
    assert [(line["event"], line["lost_bytes"]) for line in lines] == [("journal_damaged", 50)]


def test_a_file_that_was_cut_is_looked_up_as_it_is_now(folder: Path) -> None:
    path = written(folder, WHOLE)
    assert numbers_found() == [0, 1, 2, 3]
    path.write_bytes(FRAMES[3])
    assert numbers_found() == [3]
    assert journal.key_counts() == {KEY_ID: 1}


def test_a_file_larger_than_any_segment_is_read_as_far_as_one_goes(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "LONGEST_READ", len(WHOLE) - 1)
    written(folder, WHOLE)
    with capture_logs() as lines:
        assert numbers_read() == [0, 1, 2]
    assert [line["event"] for line in lines] == ["journal_damaged"]


sizes = st.integers(0, min(map(len, FRAMES)) - 1)


@st.composite
def damage(draw: st.DrawFn) -> tuple[int, int, bytes]:
    """Return what is cut out of the file, from where to where, and what is put in its place."""
    start = draw(st.integers(0, len(WHOLE)))
    end = draw(st.integers(start, min(len(WHOLE), start + 600)) | st.just(len(WHOLE)))
    part_of_a_frame = st.builds(lambda frame, size: frame[:size], st.sampled_from(FRAMES), sizes)
    return start, end, draw(st.binary(max_size=60) | part_of_a_frame)


@hypothesis_settings(
    max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(damage=damage())
def test_damage_anywhere_costs_no_entry_that_it_did_not_touch(
    folder: Path, damage: tuple[int, int, bytes]
) -> None:
    start, end, junk = damage
    path = written(folder, WHOLE[:start] + junk + WHOLE[end:])
    untouched = [
        entry
        for entry, (first, last) in zip(ENTRIES, BOUNDS, strict=True)
        if last <= start or first >= end
    ]
    read = list(reading.entries(path, finished=True))
    assert all(entry in read for entry in untouched)
    assert all(entry in ENTRIES for entry in read)
    index = Index(folder)
    found = index.find([entry.account_id for entry in ENTRIES])
    assert found == {entry.account_id: [entry] for entry in read}
