"""Killed, forked and followed by others: real processes on one folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from connections import journal
from tests.journal_entries import account, make_entry
from tests.journal_process import JournalProcess


@pytest.fixture(autouse=True)
def folder(settings: Settings, tmp_path: Path) -> Iterator[Path]:
    settings.JOURNAL_FOLDER = tmp_path / "journal"
    yield settings.JOURNAL_FOLDER
    journal.close()


def workers_adopted() -> list[str]:
    """Return whose files could be taken over, and give them back."""
    found = journal.orphans()
    for orphan in found:
        orphan.release()
    return sorted(orphan.worker for orphan in found)


# --- Killed ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("acknowledged", [1, 17, 333, 1618, 2667])
def test_what_was_acknowledged_before_a_kill_is_there(folder: Path, acknowledged: int) -> None:
    with JournalProcess(folder) as process:
        process.tell("append_for_ever w")
        lines = [process.read() for _ in range(acknowledged)]
        process.kill()
        lines += iter(process.read, "")
    numbers = [int(line) for line in lines if line.endswith("\n")]
    assert len(numbers) >= acknowledged
    read = [entry.account_id for entry in journal.read_all()]
    assert read[: len(numbers)] == list(map(account, numbers))
    # One more may have been written, and its acknowledgement not.
    assert len(read) <= len(numbers) + 1


def test_what_a_killed_process_left_is_adopted(folder: Path) -> None:
    with JournalProcess(folder) as process:
        assert process.ask("append 0 5 killed") == 5
        assert workers_adopted() == []
        process.kill()
    (orphan,) = journal.orphans()
    with orphan:
        assert orphan.worker == "killed"
        assert [entry.account_id for entry in orphan.entries()] == list(map(account, range(5)))
        assert list(orphan.generations()) == [(account(number), 1) for number in range(5)]


def test_the_end_of_a_process_is_told_before_it_has_written_anything(folder: Path) -> None:
    with JournalProcess(folder) as process:
        assert process.ask("announce early")
        assert workers_adopted() == []
        process.kill()
    assert workers_adopted() == ["early"]


def test_living_processes_are_read_too(folder: Path) -> None:
    journal.append(make_entry(1))
    with JournalProcess(folder) as process:
        process.ask("append 2 1 other")
        assert sorted(journal.find([account(number) for number in range(4)])) == [
            account(1),
            account(2),
        ]
        assert journal.key_counts() == {"0123abcd": 2}
        assert journal.size()[0] == 2


# --- Adopted --------------------------------------------------------------------------------------


def test_only_one_process_adopts_at_a_time(folder: Path) -> None:
    with (
        JournalProcess(folder) as dead,
        JournalProcess(folder) as one,
        JournalProcess(folder) as two,
    ):
        dead.ask("append 0 3 dead")
        dead.kill()
        assert one.ask("adopt") == [["dead", 3]]
        assert two.ask("adopt") == []
        assert journal.orphans() == []
        one.ask("release")
        assert two.ask("adopt") == [["dead", 3]]


def test_what_an_adopter_held_when_it_died_is_adopted_by_the_next(folder: Path) -> None:
    with JournalProcess(folder) as dead, JournalProcess(folder) as adopter:
        dead.ask("append 0 3 dead")
        dead.kill()
        assert adopter.ask("adopt") == [["dead", 3]]
        adopter.kill()
    assert workers_adopted() == ["dead"]


def test_two_threads_of_one_process_do_not_adopt_at_once(folder: Path) -> None:
    with JournalProcess(folder) as dead:
        dead.ask("append 0 1 dead")
    first = journal.orphans()
    assert len(first) == 1
    assert journal.orphans() == []


# --- Forked ---------------------------------------------------------------------------------------


def test_a_forked_child_writes_a_file_of_its_own(folder: Path) -> None:
    with JournalProcess(folder) as parent:
        parent.ask("append 0 1 parent")
        parent.fork("1")
        parent.ask("append 2 1 parent")
        owners: dict[str, list[str]] = {}
        for path in sorted(folder.glob("*.journal")):
            for entry in journal.reading.entries(path):
                owners.setdefault(path.name.partition(".")[0], []).append(entry.worker)
    assert sorted(owners.values()) == [["child"], ["parent", "parent"]]


@pytest.mark.parametrize("number", ["-", "1"], ids=["silent child", "writing child"])
def test_a_child_does_not_hold_the_lock_of_a_parent_that_died(folder: Path, number: str) -> None:
    with JournalProcess(folder) as parent:
        parent.ask("append 0 1 parent")
        child = parent.fork(number)
        assert workers_adopted() == []
        parent.kill()
        os.kill(child, 0)
        assert workers_adopted() == ["parent"]


def test_a_child_that_ends_does_not_release_the_lock_of_its_parent(folder: Path) -> None:
    with JournalProcess(folder) as parent:
        parent.ask("append 0 1 parent")
        child = parent.fork("1")
        parent.children.remove(child)
        os.kill(child, 9)
        wait_for_end(child)
        assert workers_adopted() == ["child"]


def test_a_child_does_not_hold_what_its_parent_had_adopted(folder: Path) -> None:
    with JournalProcess(folder) as dead, JournalProcess(folder) as adopter:
        dead.ask("append 0 1 dead")
        dead.kill()
        adopter.ask("adopt")
        adopter.fork("-")
        adopter.kill()
        assert workers_adopted() == ["dead"]


def test_what_is_released_is_free_though_a_child_kept_a_copy_of_the_descriptor(
    folder: Path,
) -> None:
    with JournalProcess(folder) as dead, JournalProcess(folder) as adopter:
        dead.ask("append 0 1 dead")
        dead.kill()
        adopter.ask("adopt")
        adopter.fork_unnoticed()
        adopter.ask("release")
        assert workers_adopted() == ["dead"]


def test_forks_amid_appends_of_other_threads_neither_hang_nor_lose(folder: Path) -> None:
    with JournalProcess(folder) as parent:
        taken = parent.ask("fork_amid_appends 39")
    workers = [entry.worker for entry in journal.read_all()]
    assert len(workers) == taken
    assert workers.count("child") == 40


def wait_for_end(pid: int) -> None:
    """Return once the process, which is not ours, is gone or waits for its parent's look."""
    stat = Path(f"/proc/{pid}/stat")
    while stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z":
        os.sched_yield()
