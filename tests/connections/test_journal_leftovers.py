"""What is finished and old may go; what is neither stays."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from connections import journal
from connections.journal import segment
from connections.journal.descriptor import Descriptor
from connections.journal.frame import encode
from tests.journal_entries import account, make_entry

RETENTION = timedelta(seconds=600)


@pytest.fixture(autouse=True)
def folder(settings: Settings, tmp_path: Path) -> Iterator[Path]:
    settings.JOURNAL_FOLDER = tmp_path / "journal"
    settings.JOURNAL_FOLDER.mkdir(mode=0o700)
    settings.JOURNAL_RETENTION_SECONDS = 600
    yield settings.JOURNAL_FOLDER
    journal.close()


def left_behind(folder: Path, *numbers: int, worker: str = "dead", owner: str = "h-1-aa") -> Path:
    """Return the segment of a process that is gone."""
    path = folder / f"{owner}.000001.journal"
    path.write_bytes(b"".join(encode(make_entry(number)) for number in numbers))
    (folder / f"{owner}.lock").write_text(f"{worker}\n")
    return path


def later(path: Path, **difference: float) -> datetime:
    """Return the time of the last write to ``path``, plus the retention, plus ``difference``."""
    written = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    return written + RETENTION + timedelta(**difference)


def removable(now: datetime) -> list[list[str]]:
    """Return the accounts in each removable segment, and let go of them."""
    found = []
    for leftover in journal.removable_segments(now):
        with leftover:
            found.append([entry.account_id for entry in leftover.entries()])
    return found


# --- Orphans --------------------------------------------------------------------------------------


def test_an_orphan_is_removable_once_its_newest_entry_is_old(folder: Path) -> None:
    path = left_behind(folder, 1, 2)
    assert removable(later(path, seconds=-1)) == []
    assert removable(later(path, seconds=1)) == [[account(1), account(2)]]


def test_an_orphan_that_is_not_old_stays_adoptable(folder: Path) -> None:
    path = left_behind(folder, 1)
    removable(later(path, seconds=-1))
    assert [orphan.worker for orphan in journal.orphans()] == ["dead"]


def test_a_removed_orphan_leaves_nothing(folder: Path) -> None:
    path = left_behind(folder, 1)
    (orphan,) = journal.removable_segments(later(path, seconds=1))
    with orphan:
        orphan.remove()
    assert list(folder.iterdir()) == []
    assert journal.orphans() == []


def test_an_orphan_that_is_not_removed_is_there_the_next_time(folder: Path) -> None:
    path = left_behind(folder, 1)
    now = later(path, seconds=1)
    assert removable(now) == removable(now) == [[account(1)]]


def test_an_orphan_that_was_stored_late_is_kept_from_then_on(folder: Path) -> None:
    path = left_behind(folder, 1)
    now = later(path, hours=1)
    (orphan,) = journal.removable_segments(now)
    with orphan:
        orphan.renew(now)
    assert removable(now + RETENTION - timedelta(seconds=1)) == []
    assert removable(now + RETENTION + timedelta(seconds=1)) == [[account(1)]]


def test_an_orphan_says_when_it_was_last_written(folder: Path) -> None:
    path = left_behind(folder, 1)
    os.utime(path, (1_700_000_000, 1_700_000_000))
    (orphan,) = journal.orphans()
    assert orphan.last_written == datetime.fromtimestamp(1_700_000_000, UTC)


def test_an_orphan_whose_lock_was_lost_is_known_by_its_entries(folder: Path) -> None:
    left_behind(folder, 1)
    (folder / "h-1-aa.lock").unlink()
    (orphan,) = journal.orphans()
    assert orphan.worker == "host:1:abc"
    assert journal.orphans() == []


def test_an_orphan_says_whether_its_worker_lives_under_another_lock(folder: Path) -> None:
    left_behind(folder, 1, worker="w")
    left_behind(folder, 2, worker="dead", owner="h-2-bb")
    journal.announce("w")
    lives = {orphan.worker: orphan.worker_lives for orphan in journal.orphans()}
    assert lives == {"w": True, "dead": False}


def test_a_lock_that_says_nothing_of_nobody_is_removed(folder: Path) -> None:
    (folder / "h-1-aa.lock").touch()
    assert journal.orphans() == []
    assert list(folder.iterdir()) == []


def test_orphans_that_nobody_refers_to_any_more_are_free_again(folder: Path) -> None:
    left_behind(folder, 1)
    assert journal.orphans()[0].worker == "dead"
    assert journal.orphans()[0].worker == "dead"


def test_an_orphan_that_cannot_be_taken_keeps_no_other_from_being_taken(folder: Path) -> None:
    left_behind(folder, 1, owner="h-2-bb")
    (folder / "h-1-aa.lock").mkdir()
    assert [orphan.owner for orphan in journal.orphans()] == ["h-2-bb"]


def test_an_orphan_that_another_removes_at_the_same_time_is_not_taken(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left_behind(folder, 1)
    lock = Descriptor.lock

    def lock_too_late(descriptor: Descriptor) -> bool:
        (folder / "h-1-aa.lock").unlink()
        return lock(descriptor)

    monkeypatch.setattr(Descriptor, "lock", lock_too_late)
    assert journal.orphans() == []


def test_a_lock_has_its_name_only_once_it_is_held(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = Descriptor.lock

    def lock_unseen(descriptor: Descriptor) -> bool:
        assert list(folder.glob("*.lock")) == []
        return lock(descriptor)

    monkeypatch.setattr(Descriptor, "lock", lock_unseen)
    assert journal.append(make_entry(0))
    assert len(list(folder.glob("*.lock"))) == 1


def test_a_lock_that_was_never_finished_is_removed_when_it_is_old(folder: Path) -> None:
    path = folder / "h-1-aa.lock.new"
    path.touch()
    removable(later(path, seconds=-1))
    assert path.exists()
    removable(later(path, seconds=1))
    assert not path.exists()


# --- One's own ------------------------------------------------------------------------------------


def own_segments(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.journal"))


def test_own_segments_are_removable_one_by_one(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segment, "LARGEST_BYTES", 10)
    for number in range(3):
        journal.append(make_entry(number))
    now = later(own_segments(folder)[-1], seconds=1)
    assert removable(now) == [[account(0)], [account(1)]]
    journal.removable_segments(now)[0].remove()
    assert [entry.account_id for entry in journal.read_all()] == [account(1), account(2)]


def test_the_segment_that_is_written_to_is_not_removable(folder: Path) -> None:
    journal.append(make_entry(0))
    assert removable(later(own_segments(folder)[0], days=1)) == []


def test_a_segment_that_nothing_is_appended_to_any_more_ends_all_the_same(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal.append(make_entry(0))
    monkeypatch.setattr(segment, "LONGEST_SECONDS", 0)
    assert removable(later(own_segments(folder)[0], seconds=1)) == [[account(0)]]
    assert journal.append(make_entry(1))
    assert len(own_segments(folder)) == 2


def test_a_process_that_wrote_nothing_has_no_segments(folder: Path) -> None:
    path = folder / ".journal"
    path.touch()
    assert journal.current._current().writer.closed() == []


def test_own_segments_are_no_orphans(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segment, "LARGEST_BYTES", 10)
    for number in range(3):
        journal.append(make_entry(number))
    assert journal.orphans() == []


def test_what_was_stored_late_is_kept_from_then_on(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal.append(make_entry(0))
    monkeypatch.setattr(segment, "LONGEST_SECONDS", 0)
    now = later(own_segments(folder)[0], hours=1)
    assert journal.renew(now)
    assert removable(now + RETENTION - timedelta(seconds=1)) == []
    assert removable(now + RETENTION + timedelta(seconds=1)) == [[account(0)]]


def test_what_is_given_up_is_an_orphan(folder: Path) -> None:
    journal.append(make_entry(0))
    journal.close()
    (orphan,) = journal.orphans()
    assert [entry.account_id for entry in orphan.entries()] == [account(0)]


def test_a_process_that_leaves_nothing_leaves_no_lock(folder: Path) -> None:
    journal.announce("w")
    assert len(list(folder.iterdir())) == 1
    journal.close()
    assert list(folder.iterdir()) == []


def test_another_folder_in_the_settings_is_another_journal(
    folder: Path, settings: Settings, tmp_path: Path
) -> None:
    journal.append(make_entry(0))
    settings.JOURNAL_FOLDER = str(tmp_path / "other")
    journal.append(make_entry(1))
    assert [entry.account_id for entry in journal.read_all()] == [account(1)]
    settings.JOURNAL_FOLDER = folder
    assert [entry.account_id for entry in journal.read_all()] == [account(0)]
    assert len(journal.orphans()) == 1
