"""The texts in the journals of all hosts are counted before a key is retired."""

from __future__ import annotations

import socket
from datetime import timedelta

import pytest
from django.core.management import CommandError
from django.utils import timezone

from connections import journal
from connections.journal_keys import count_by_key
from connections.models import Worker
from integrations.secrets.field import Sealed
from tests.integrations.key_rows import Keys, keys
from tests.journal_entries import make_entry

HERE = socket.gethostname()[:100]


def append(key_id: str, number: int = 0) -> None:
    assert journal.append(make_entry(number, payload=Sealed(f"{key_id}.{number:0>80}")))


def beat(host: str, counts: dict[str, int], *, ago: timedelta = timedelta()) -> None:
    now = timezone.now()
    Worker.objects.create(
        name=f"{host}:{Worker.objects.count()}",
        host=host,
        pid=1,
        started_by="command",
        started_at=now - ago,
        seen_at=now - ago,
        journal_keys=counts,
    )


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
    beat("elsewhere", {old: 3}, ago=timedelta(hours=3))
    with pytest.raises(CommandError, match="3 in journal"):
        keys("retire", old)


def test_workers_of_one_host_tell_of_the_same_journal(keys_in_turn: Keys) -> None:
    beat("elsewhere", {"aaaaaaaa": 3})
    beat("elsewhere", {"aaaaaaaa": 4, "bbbbbbbb": 1})
    beat("third", {"aaaaaaaa": 2})
    assert count_by_key() == {"aaaaaaaa": 6, "bbbbbbbb": 1}


@pytest.mark.parametrize(("ago", "counted"), [(0, 5), (60, 1)])
def test_on_this_host_the_journal_itself_counts_unless_a_living_worker_knows_more(
    keys_in_turn: Keys, ago: int, counted: int
) -> None:
    append("aaaaaaaa")
    beat(HERE, {"aaaaaaaa": 5}, ago=timedelta(seconds=ago))
    assert count_by_key() == {"aaaaaaaa": counted}
