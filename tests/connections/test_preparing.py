"""Before a claim: has another server taken over, and what did it forget?"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.utils import timezone
from pytest_django.fixtures import Settings

from connections.models import ConnectedAccount, Trigger
from connections.refresh import preparing, reconciling
from connections.refresh.claim import claim_account, claim_due
from tests.journal_entries import unreadable

pytestmark = pytest.mark.django_db(transaction=True)

SECONDS = 30


@pytest.fixture(autouse=True)
def repairs(monkeypatch: pytest.MonkeyPatch, settings: Settings, tmp_path: Path) -> list[bool]:
    """A process that just started; each time it compares its journal with the server is noted."""
    settings.JOURNAL_FOLDER = tmp_path / "journal"
    monkeypatch.setattr(preparing, "_server", preparing._Server())
    done: list[bool] = []
    find = reconciling.find_all_again

    def note(**given: Any) -> bool:
        done.append(find(**given))
        return done[-1]

    monkeypatch.setattr(preparing, "find_all_again", note)
    return done


@pytest.fixture
def in_thread() -> Iterator[Callable[[Callable[[], object]], threading.Thread]]:
    started: list[threading.Thread] = []

    def start(work: Callable[[], object]) -> threading.Thread:
        def run() -> None:
            try:
                work()
            finally:
                connection.close()

        started.append(threading.Thread(target=run))
        started[-1].start()
        return started[-1]

    yield start
    for thread in started:
        thread.join(SECONDS)


def test_the_journal_is_compared_once_with_each_server(repairs: list[bool]) -> None:
    preparing.prepare()
    preparing.prepare()
    connection.close()
    preparing.prepare()
    assert repairs == [True]


def test_no_thread_claims_while_another_one_repairs(
    in_thread: Callable[[Callable[[], object]], threading.Thread], monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, done, claiming = threading.Event(), threading.Event(), threading.Event()

    def repair(**_: Any) -> bool:
        begun.set()
        return done.wait(SECONDS)

    monkeypatch.setattr(preparing, "find_all_again", repair)
    in_thread(preparing.prepare)
    assert begun.wait(SECONDS)

    def claim() -> None:
        preparing.prepare()
        claiming.set()

    in_thread(claim)
    assert not claiming.wait(0.5)
    done.set()
    assert claiming.wait(SECONDS)


def test_a_look_that_failed_is_taken_again(repairs: list[bool]) -> None:
    def refuse(execute: Any, sql: str, *arguments: Any) -> Any:
        if "pg_postmaster_start_time" in sql:
            raise OperationalError
        return execute(sql, *arguments)

    with connection.execute_wrapper(refuse), pytest.raises(OperationalError):
        preparing.prepare()
    assert repairs == []
    preparing.prepare()
    assert repairs == [True]


def test_a_repair_that_failed_is_done_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_: Any) -> bool:
        raise OperationalError

    with monkeypatch.context() as patch:
        patch.setattr(preparing, "find_all_again", fail)
        with pytest.raises(OperationalError):
            preparing.prepare()
    assert preparing._server.mark is None
    preparing.prepare()
    assert preparing._server.mark is not None


def test_a_journal_that_cannot_be_read_is_looked_at_again_and_stops_nobody(
    repairs: list[bool], settings: Settings
) -> None:
    path = unreadable(Path(settings.JOURNAL_FOLDER))
    preparing.prepare()
    preparing.prepare()
    assert repairs == [False]
    path.unlink()
    preparing._server.again_at = 0
    preparing.prepare()
    assert repairs == [False, True]


@pytest.mark.django_db
def test_nothing_is_claimed_while_a_part_of_the_journal_is_not_compared(
    due_account: ConnectedAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preparing, "_server", preparing._Server())
    monkeypatch.setattr(preparing, "find_all_again", lambda **_: False)
    now = timezone.now()
    assert claim_due(limit=1, trigger=Trigger.SCHEDULE, now=now) == []
    account_id = due_account.pk
    assert claim_account(account_id=account_id, generation=1, trigger=Trigger.READ, now=now) is None
