"""The journal's files are read while they grow, and the window is measured by what is in them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.chaos.journalled import Entry, JournalWatch
from tests.chaos.making import ACCOUNT, REFRESHED, call
from tests.chaos.window import LONGEST, SHORTEST, measure

BEGAN = "1970-01-01T00:01:50+00:00"


def body(digest: str) -> bytes:
    values = {"account_id": ACCOUNT, "generation": 1, "worker": "w", "payload": "ab.c="}
    return json.dumps(values | {"refresh_token_digest": digest, "obtained_at": BEGAN}).encode()


def test_what_is_appended_is_read_once_it_is_complete(tmp_path: Path) -> None:
    path, watch = tmp_path / "host-1.000001.journal", JournalWatch(tmp_path)
    torn = body("second")
    path.write_bytes(b"\xabEJ1head" + body("first") + b"\xabEJ1head" + torn[:20])
    watch.look()
    assert list(watch.entries) == ["first"]
    with path.open("ab") as file:
        file.write(torn[20:])
    watch.look()
    assert list(watch.entries) == ["first", "second"]
    assert watch.entries["second"].obtained_at == REFRESHED


def test_a_folder_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    watch = JournalWatch(tmp_path / "none")
    watch.look()
    assert watch.entries == {}


@pytest.mark.parametrize(
    ("delay", "window"), [(0.0, SHORTEST), (0.030, 0.060), (9.0, LONGEST)], ids=str
)
def test_the_window_is_twice_the_slowest_answer(delay: float, window: float) -> None:
    calls = [call(number, REFRESHED) for number in range(1, 10)]
    entries = {
        each.issued_digest: Entry(
            digest=each.issued_digest,
            account=ACCOUNT,
            generation=each.presented,
            worker="host:77:life",
            obtained_at=(each.read_at or 0.0) + delay,
        )
        for each in calls
    }
    assert measure(calls, entries) == pytest.approx(window)


def test_without_a_journal_the_window_is_the_shortest() -> None:
    assert measure([call(1, REFRESHED)], {}) == SHORTEST
