"""Entries are kept as they were given, found again, and hold no secret in the clear."""

from __future__ import annotations

import stat
import sys
import threading
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from pytest_django.fixtures import Settings
from structlog.testing import capture_logs

from connections import journal
from connections.journal import Entry, EntryBroken, places, segment
from connections.models import Credentials
from integrations.secrets import Secret
from integrations.secrets.field import Sealed
from tests.journal_entries import KEY_ID, account, make_entry

TOKEN = "a very plain token"


@pytest.fixture(autouse=True)
def folder(settings: Settings, tmp_path: Path) -> Iterator[Path]:
    settings.JOURNAL_FOLDER = tmp_path / "var" / "journal"
    yield settings.JOURNAL_FOLDER
    journal.close()


def segments(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.journal"))


# --- One entry ------------------------------------------------------------------------------------


def test_an_entry_is_read_back_as_it_was_given() -> None:
    entry = make_entry()
    assert journal.append(entry)
    assert list(journal.read_all()) == [entry]


def test_a_time_that_is_not_known_and_scopes_that_were_not_told_come_back_as_none() -> None:
    journal.append(make_entry(expires_at=None, refresh_at=None, scopes=None))
    (entry,) = journal.read_all()
    assert (entry.expires_at, entry.refresh_at, entry.scopes) == (None, None, None)


def test_what_was_sealed_for_the_next_generation_opens_there_after_reading_back() -> None:
    row = Credentials(account_id=account(0), project_id="pr_1", generation=2)
    field = Credentials._meta.get_field("payload")
    journal.append(make_entry(payload=field.seal_for(row, Secret(TOKEN)), generation=1))
    (entry,) = journal.read_all()
    assert field.open_for(row, entry.payload) == TOKEN


def test_no_file_holds_a_secret_in_the_clear(folder: Path) -> None:
    row = Credentials(account_id=account(0), project_id="pr_1", generation=2)
    sealed = Credentials._meta.get_field("payload").seal_for(row, Secret(TOKEN))
    journal.append(make_entry(payload=sealed))
    written = b"".join(path.read_bytes() for path in folder.iterdir())
    assert sealed.encode() in written
    assert TOKEN.encode() not in written


@pytest.mark.parametrize("payload", [f"{KEY_ID}.sealed", Secret(TOKEN), None])
def test_an_entry_takes_a_sealed_payload_only(payload: object) -> None:
    with pytest.raises(TypeError, match="payload takes a Sealed"):
        make_entry(payload=payload)


@pytest.mark.parametrize("text", [TOKEN, "0123abcd", "0123abcd.", "0123ABCD.x", "0123abcd.xä"])
def test_what_does_not_look_sealed_is_refused_without_being_shown(text: str) -> None:
    with pytest.raises(ValueError, match=r"^payload is not a sealed text\.$"):
        make_entry(payload=Sealed(text))


def test_the_payload_is_not_in_the_repr() -> None:
    entry = make_entry()
    assert entry.payload not in repr(entry)
    assert entry.account_id in repr(entry)


def test_the_key_is_told_by_the_sealed_text() -> None:
    assert make_entry().key_id == KEY_ID


@pytest.mark.parametrize("name", ["started_at", "obtained_at", "expires_at", "probe_at"])
def test_a_time_without_a_zone_is_refused(name: str) -> None:
    facts: dict[str, Any] = {name: datetime(2026, 1, 1)}  # noqa: DTZ001 - it is what is refused
    with pytest.raises(ValueError, match="no time zone"):
        make_entry(**facts)


@pytest.mark.parametrize(
    "facts",
    [{"account_id": ""}, {"account_id": "ä"}, {"account_id": "x" * 256}, {"generation": -1}],
)
def test_what_does_not_fit_a_frames_head_is_refused(facts: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="out of bounds"):
        make_entry(**facts)


@pytest.mark.parametrize("text", [b"", b"\xff", b"[]", b"{}", b'{"payload":1}', b"null"])
def test_what_is_no_entry_is_refused_by_one_error(text: bytes) -> None:
    with pytest.raises(EntryBroken):
        Entry.decode(text)


# --- Files ----------------------------------------------------------------------------------------


def test_files_are_for_their_owner_only(folder: Path) -> None:
    journal.append(make_entry())
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert {path.suffix for path in folder.iterdir()} == {".lock", ".journal"}


def test_a_full_segment_is_followed_by_another(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal.append(make_entry(0))
    monkeypatch.setattr(segment, "LARGEST_BYTES", 2 * segments(folder)[0].stat().st_size)
    for number in range(1, 5):
        journal.append(make_entry(number))
    assert len(segments(folder)) == 3
    assert [entry.account_id for entry in journal.read_all()] == list(map(account, range(5)))


def test_an_entry_larger_than_a_segment_gets_one_of_its_own(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segment, "LARGEST_BYTES", 10)
    assert all(journal.append(make_entry(number)) for number in range(2))
    assert len(segments(folder)) == 2


def test_an_aged_segment_is_followed_by_another(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal.append(make_entry(0))
    monkeypatch.setattr(segment, "LONGEST_SECONDS", 0)
    journal.append(make_entry(1))
    assert len(segments(folder)) == 2


def test_many_threads_append_at_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segment, "LARGEST_BYTES", 2000)
    interval = sys.getswitchinterval()

    def work(thread: int) -> None:
        for number in range(50):
            assert journal.append(make_entry(1000 * thread + number))

    threads = [threading.Thread(target=work, args=[thread]) for thread in range(16)]
    sys.setswitchinterval(1e-6)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    found = sorted(entry.account_id for entry in journal.read_all())
    assert found == [
        account(1000 * thread + number) for thread in range(16) for number in range(50)
    ]
    assert len(segments(folder)) > 10


def test_the_size_is_that_of_all_segments(folder: Path) -> None:
    assert journal.size() == (0, 0)
    journal.append(make_entry())
    assert journal.size() == (1, segments(folder)[0].stat().st_size)


# --- Finding --------------------------------------------------------------------------------------


def test_nothing_is_found_where_nothing_was_ever_written() -> None:
    with capture_logs() as lines:
        assert journal.find([account(1)]) == {}
        assert list(journal.read_all()) == []
        assert journal.key_counts() == {}
        assert journal.orphans() == []
    assert lines == []


def test_the_entries_of_an_account_are_found_by_generation() -> None:
    for generation in (3, 1, 2):
        journal.append(make_entry(1, generation=generation))
    journal.append(make_entry(2))
    found = journal.find([account(1), account(3)])
    assert list(found) == [account(1)]
    assert [entry.generation for entry in found[account(1)]] == [1, 2, 3]


def test_what_was_appended_since_is_found_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segment, "LARGEST_BYTES", 5000)
    for number in range(20):
        journal.append(make_entry(number))
        found = journal.find(list(map(account, range(30))))
        assert list(found) == list(map(account, range(number + 1)))
        assert {len(entries) for entries in found.values()} == {1}


def test_finding_reads_no_more_than_what_is_new(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal.append(make_entry(1))
    journal.find([account(1)])
    monkeypatch.setattr("connections.journal.reading.frames", lambda *_, **__: pytest.fail("read"))
    assert list(journal.find([account(1)])) == [account(1)]


def test_what_was_removed_is_not_found_any_more(folder: Path) -> None:
    journal.append(make_entry(1))
    assert journal.find([account(1)])
    segments(folder)[0].unlink()
    assert journal.find([account(1)]) == {}
    assert journal.key_counts() == {}


def test_two_accounts_with_one_fingerprint_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connections.journal.index.fingerprint", lambda _: 7)
    monkeypatch.setattr(places, "fingerprint", lambda _: 7)
    journal.append(make_entry(1))
    journal.append(make_entry(2))
    assert list(journal.find([account(2)])) == [account(2)]


def test_an_account_is_found_among_a_hundred_thousand() -> None:
    for number in range(100_000):
        journal.append(make_entry(number, generation=number))
    for number in (0, 4711, 99_999):
        journal.append(make_entry(number, generation=200_000))
    wanted = [0, 1, 4711, 50_000, 99_999, 100_000]
    found = journal.find(list(map(account, wanted)))
    assert {key: [entry.generation for entry in value] for key, value in found.items()} == {
        account(0): [0, 200_000],
        account(1): [1],
        account(4711): [4711, 200_000],
        account(50_000): [50_000],
        account(99_999): [99_999, 200_000],
    }
    assert journal.key_counts() == {KEY_ID: 100_003}


def test_generations_are_told_without_the_rest() -> None:
    for number in (1, 2):
        journal.append(make_entry(number, generation=10 * number))
    assert list(journal.generations()) == [(account(1), 10), (account(2), 20)]


def test_entries_are_counted_by_key() -> None:
    for key in ("aaaaaaaa", "bbbbbbbb", "aaaaaaaa"):
        journal.append(make_entry(payload=Sealed(f"{key}.x")))
    assert journal.key_counts() == {"aaaaaaaa": 2, "bbbbbbbb": 1}
