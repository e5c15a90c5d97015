"""The texts in the journals of all hosts are counted before a key is retired."""

from __future__ import annotations

import socket
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError
from django.utils import timezone

from connections import heartbeat, journal, journal_keys
from connections.journal_keys import count_by_key
from connections.models import JournalFolder
from integrations.secrets.field import Sealed
from tests.integrations.key_rows import Keys, keys
from tests.journal_entries import make_entry, unreadable

HERE = socket.gethostname()[:100]


def append(key_id: str, number: int = 0) -> None:
    assert journal.append(make_entry(number, payload=Sealed(f"{key_id}.{number:0>80}")))


def told(
    host: str, counts: dict[str, int], *, ago: timedelta = timedelta(), path: str = "/journal"
) -> None:
    now = timezone.now()
    JournalFolder.objects.create(host=host, path=path, keys=counts, counted_at=now - ago)


def test_a_key_is_not_retired_while_this_hosts_journal_holds_a_text_of_it(
    keys_in_turn: Keys,
) -> None:
    old = keys_in_turn.rotate()
    append(old)
    with pytest.raises(CommandError, match="1 in journal"):
        keys("retire", old)


def test_a_key_is_not_retired_while_another_hosts_journal_holds_a_text_of_it(
    keys_in_turn: Keys,
) -> None:
    old = keys_in_turn.rotate()
    told("elsewhere", {old: 3}, ago=timedelta(hours=3))
    with pytest.raises(CommandError, match="3 in journal"):
        keys("retire", old)


def test_the_journals_of_all_hosts_are_counted_together(keys_in_turn: Keys) -> None:
    append("aaaaaaaa")
    told("elsewhere", {"aaaaaaaa": 4, "bbbbbbbb": 1})
    told("third", {"aaaaaaaa": 2})
    assert count_by_key() == {"aaaaaaaa": 7, "bbbbbbbb": 1}


def test_of_this_hosts_own_journal_the_files_count(keys_in_turn: Keys) -> None:
    append("aaaaaaaa")
    told(HERE, {"aaaaaaaa": 5}, path=str(settings.JOURNAL_FOLDER))
    assert count_by_key() == {"aaaaaaaa": 1}


def test_a_second_journal_of_this_host_counts_by_what_was_told(keys_in_turn: Keys) -> None:
    append("aaaaaaaa")
    told(HERE, {"aaaaaaaa": 5}, path="/elsewhere")
    assert count_by_key() == {"aaaaaaaa": 6}


def test_a_journal_whose_process_ended_in_order_counts_on(keys_in_turn: Keys) -> None:
    old = keys_in_turn.rotate()
    append(old)
    heartbeat.end()
    # As seen from another host.
    assert JournalFolder.objects.update(host="elsewhere") == 1
    journal.close()
    for orphan in journal.orphans():
        orphan.remove()
    with pytest.raises(CommandError, match="1 in journal"):
        keys("retire", old)


def test_no_key_is_retired_while_a_journal_cannot_be_read(keys_in_turn: Keys) -> None:
    old = keys_in_turn.rotate()
    unreadable(Path(settings.JOURNAL_FOLDER))
    with pytest.raises(CommandError, match="Not all texts can be counted"):
        keys("retire", old)


def test_a_host_that_cannot_read_its_journal_says_so(keys_in_turn: Keys) -> None:
    append("aaaaaaaa")
    journal_keys.tell()
    unreadable(Path(settings.JOURNAL_FOLDER))
    journal_keys.tell()
    row = JournalFolder.objects.get()
    assert (row.keys, row.trouble) == ({"aaaaaaaa": 1}, "OSError (5)")
    JournalFolder.objects.update(host="elsewhere")
    with pytest.raises(OSError, match="elsewhere"):
        dict(count_by_key_without(Path(settings.JOURNAL_FOLDER)))


def count_by_key_without(folder: Path) -> dict[str, int]:
    """Count as on a host whose own journal is in order."""
    for path in folder.glob("*.journal"):
        path.unlink()
    return count_by_key()
