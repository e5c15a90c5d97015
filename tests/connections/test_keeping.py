"""What the thread of a process does that journals and runs no watch."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import OperationalError, connection
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings
from structlog.testing import capture_logs

from connections import heartbeat, journal, journal_keys
from connections.health import Problem, read_health
from connections.journal import current, segment
from connections.journal.pending import Pending
from connections.models import ConnectedAccount, Credentials, JournalFolder, Trigger, Worker
from connections.refresh import keeping, reconciling, refresh_account, upkeep
from connections.refresh.keeping import Round
from tests.journal_entries import make_entry
from tests.provider import ScriptedProvider

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def folder(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The journal of a process that has just started."""
    settings.JOURNAL_FOLDER = tmp_path / "journal"
    monkeypatch.setattr(current, "_pending", Pending())
    yield settings.JOURNAL_FOLDER
    journal.close()


def refresh(account: ConnectedAccount) -> None:
    refresh_account(account_id=account.pk, trigger=Trigger.API)


def generation() -> int:
    return Credentials.objects.get().generation


def refuse_to_store(execute: object, sql: str, *arguments: object) -> object:
    if "UPDATE connections_credentials" in sql or "generation = given.generation" in sql:
        raise OperationalError
    return execute(sql, *arguments)  # type: ignore[operator]


def test_a_process_that_journalled_nothing_asks_the_database_once(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    rounds = Round()
    with django_assert_num_queries(1):
        rounds.do()
    rounds.tell_at = 0
    with django_assert_num_queries(0):
        rounds.do()
    assert not JournalFolder.objects.exists()


def test_an_answer_that_the_request_could_not_store_is_stored_by_the_thread(
    due_account: ConnectedAccount, provider: ScriptedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "OWN_SECONDS", 0)
    with connection.execute_wrapper(refuse_to_store), pytest.raises(OperationalError):
        refresh(due_account)
    assert generation() == 1
    Round().do()
    assert generation() == 2
    assert journal.unsettled(seconds=0) == []
    assert len(provider.token_calls()) == 1


def test_an_answer_that_no_file_took_is_stored_all_the_same(
    due_account: ConnectedAccount, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.write_text("in the way of the folder")
    monkeypatch.setattr(keeping, "OWN_SECONDS", 0)
    with connection.execute_wrapper(refuse_to_store), pytest.raises(OperationalError):
        refresh(due_account)
    assert journal.trouble()
    Round().do()
    assert generation() == 2


@pytest.mark.fault(8)
def test_what_was_stored_late_is_kept_from_then_on(
    due_account: ConnectedAccount, folder: Path, provider: ScriptedProvider
) -> None:
    with connection.execute_wrapper(refuse_to_store), pytest.raises(OperationalError):
        refresh(due_account)
    [path] = folder.glob("*.journal")
    long_ago = 1_700_000_000
    os.utime(path, (long_ago, long_ago))
    assert reconciling.store_own(seconds=0, now=timezone.now()) == 1
    assert path.stat().st_mtime > long_ago


def test_what_a_request_stored_needs_no_second_look(due_account: ConnectedAccount) -> None:
    refresh(due_account)
    assert journal.unsettled(seconds=0) == []


def test_an_answer_that_was_stored_elsewhere_is_not_looked_at_again(
    due_account: ConnectedAccount,
) -> None:
    refresh(due_account)
    journal.append(make_entry(account_id=due_account.pk, generation=1))
    assert reconciling.store_own(seconds=0, now=timezone.now()) == 0
    assert journal.unsettled(seconds=0) == []


def test_a_database_that_is_away_is_told_once_and_ends_nothing(
    due_account: ConnectedAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "OWN_SECONDS", 0)
    journal.append(make_entry(account_id=due_account.pk, generation=1))
    # What a thread meets while nobody can connect.
    connection.close()
    monkeypatch.setitem(connection.settings_dict, "PORT", "1")
    rounds = Round()
    with capture_logs() as lines:
        rounds.do()
        rounds.do()
    assert [line["event"] for line in lines] == ["journal_keeper_lost_database"]
    assert len(journal.unsettled(seconds=0)) == 1


def test_a_watch_stores_what_its_crew_gave_up(
    due_account: ConnectedAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    with connection.execute_wrapper(refuse_to_store), pytest.raises(OperationalError):
        refresh(due_account)
    monkeypatch.setattr(upkeep, "OWN_SECONDS", 0)
    upkeep.Upkeep(beat=lambda _: None).run(timezone.now())
    assert generation() == 2


def test_the_thread_leaves_the_journal_to_a_watch_that_goes_on(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper = keeping._Keeper()
    monkeypatch.setattr(keeping, "_keeper", keeper)
    watched = [keeper.is_watched]
    upkeep.Upkeep(beat=lambda _: None).run(timezone.now())
    watched.append(keeper.is_watched)
    keeper.watched_at -= keeping.WATCHED_SECONDS
    assert [*watched, keeper.is_watched] == [False, True, False]


def test_old_segments_of_a_live_web_process_are_removed(
    due_account: ConnectedAccount, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refresh(due_account)
    monkeypatch.setattr(segment, "LONGEST_SECONDS", 0)
    [path] = folder.glob("*.journal")
    os.utime(path, (1_700_000_000, 1_700_000_000))
    Round().do()
    assert list(folder.glob("*.journal")) == []


def test_a_web_process_tells_of_its_journal_and_is_no_worker(
    due_account: ConnectedAccount,
) -> None:
    refresh(due_account)
    Round().do()
    row = JournalFolder.objects.get()
    assert sum(row.keys.values()) == 1
    assert not Worker.objects.exists()
    assert heartbeat.live_workers() == 0
    assert Problem.NO_WORKER in read_health(now=timezone.now()).problems


def test_one_process_of_a_host_tells_for_all(
    due_account: ConnectedAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    refresh(due_account)
    Round().do()
    told = JournalFolder.objects.get().counted_at
    Round().do()
    assert JournalFolder.objects.get().counted_at == told
    JournalFolder.objects.update(counted_at=told - timedelta(minutes=2))
    Round().do()
    assert JournalFolder.objects.get().counted_at > told


def test_that_nothing_is_left_is_told_too(due_account: ConnectedAccount, folder: Path) -> None:
    refresh(due_account)
    rounds = Round()
    rounds.do()
    [path] = folder.glob("*.journal")
    path.unlink()
    for _ in range(2):
        rounds.tell_at = 0
        rounds.do()
        JournalFolder.objects.update(counted_at=timezone.now() - timedelta(minutes=1))
    assert JournalFolder.objects.get().keys == {}


@pytest.mark.parametrize("told", [{"keys": {"01d": 1}}, {"trouble": "OSError (5)"}])
def test_what_an_earlier_process_told_is_taken_back(folder: Path, told: dict[str, object]) -> None:
    earlier = timezone.now() - timedelta(minutes=5)
    JournalFolder.objects.create(
        host=journal_keys._host(), path=str(folder), counted_at=earlier, **told
    )
    Round().do()
    row = JournalFolder.objects.get()
    assert (row.keys, row.trouble) == ({}, "")


def test_a_journal_that_nobody_told_of_for_a_day_is_forgotten(
    due_account: ConnectedAccount,
) -> None:
    long_ago = timezone.now() - timedelta(days=1, hours=1)
    JournalFolder.objects.create(host="gone", path="/journal", counted_at=long_ago)
    refresh(due_account)
    Round().do()
    assert not JournalFolder.objects.filter(host="gone").exists()
