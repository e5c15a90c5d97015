"""What cannot be read, or not be stored, is not taken for empty, and keeps nothing else waiting."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings
from structlog.testing import capture_logs

from connections import journal
from connections.actors import SYSTEM
from connections.journal import Entry
from connections.journal.frame import encode
from connections.models import (
    ConnectedAccount,
    Credentials,
    Entity,
    RefreshAttempt,
    RefreshOutcome,
    Trigger,
)
from connections.operations import revoke_account
from connections.refresh import reconciling
from connections.refresh.claim import claim_due
from connections.refresh.work import call_provider
from integrations.models import AuthConfig
from integrations.secrets.field import Sealed
from tests.journal_entries import make_entry, unreadable
from tests.making import connect

pytestmark = pytest.mark.django_db

OWNER = "gone-1-aa"


@pytest.fixture(autouse=True)
def folder(settings: Settings, tmp_path: Path) -> Iterator[Path]:
    settings.JOURNAL_FOLDER = tmp_path / "journal"
    settings.JOURNAL_FOLDER.mkdir()
    yield settings.JOURNAL_FOLDER
    journal.close()


def answers() -> list[Entry]:
    """Return what the provider says to all that is due; nothing of it is stored or left behind."""
    past = timezone.now() - timedelta(minutes=1)
    ConnectedAccount.objects.update(expires_at=past, refresh_at=past)
    claims = claim_due(limit=5, trigger=Trigger.SCHEDULE, now=timezone.now())
    entries = [answer.entry for answer in map(call_provider, claims) if answer.entry]
    journal.close()
    for orphan in journal.orphans():
        orphan.remove()
    return entries


def left_behind(folder: Path, *frames: bytes, number: int = 1) -> Path:
    """Return a segment of a process that is gone."""
    path = folder / f"{OWNER}.{number:06d}.journal"
    path.write_bytes(b"".join(frames))
    (folder / f"{OWNER}.lock").write_text(f"{reconciling_worker()}\n")
    return path


def reconciling_worker() -> str:
    return ConnectedAccount.objects.exclude(lease_worker="").values_list("lease_worker", flat=True)[
        0
    ]


def old(path: Path) -> Path:
    os.utime(path, (1_700_000_000, 1_700_000_000), follow_symlinks=False)
    return path


def generation(account: ConnectedAccount) -> int:
    return Credentials.objects.get(pk=account.pk).generation


def leased(account: ConnectedAccount) -> bool:
    until = ConnectedAccount.objects.get(pk=account.pk).lease_until
    return until is not None and until > timezone.now()


@pytest.fixture
def second(auth_config: AuthConfig, account: ConnectedAccount) -> ConnectedAccount:
    bob = Entity.objects.create(project=auth_config.project, user_id="bob")
    return connect(auth_config=auth_config, entity=bob)


def test_a_segment_that_cannot_be_read_is_not_removed(folder: Path) -> None:
    path = old(unreadable(folder))
    much_later = timezone.now() + timedelta(hours=1)
    reconciling.retire_segments(now=much_later)
    assert path.is_symlink()


def test_counting_by_key_does_not_pass_over_what_cannot_be_read(folder: Path) -> None:
    path = unreadable(folder)
    for _ in range(2):
        with pytest.raises(OSError, match="Input/output error"):
            journal.key_counts()
    path.unlink()
    path.write_bytes(encode(make_entry(0)))
    assert sum(journal.key_counts().values()) == 1


def test_what_could_be_read_is_stored_and_the_rest_once_it_can_be(
    folder: Path, account: ConnectedAccount, second: ConnectedAccount
) -> None:
    first_entry, second_entry = answers()
    left_behind(folder, encode(first_entry), number=2)
    path = unreadable(folder, f"{OWNER}.000001.journal")
    assert reconciling.drain_orphans(now=timezone.now()) == 1
    assert {generation(account), generation(second)} == {1, 2}
    assert {leased(account), leased(second)} == {False, True}
    path.unlink()
    path.write_bytes(encode(second_entry))
    reconciling._tried_again_at.clear()
    assert reconciling.drain_orphans(now=timezone.now()) == 1
    assert {generation(account), generation(second)} == {2}


def test_an_account_in_doubt_is_not_called_for_while_the_journal_cannot_be_read(
    folder: Path, account: ConnectedAccount
) -> None:
    answers()
    ConnectedAccount.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    path = unreadable(folder)
    now = timezone.now()
    assert claim_due(limit=5, trigger=Trigger.SCHEDULE, now=now) == []
    path.unlink()
    ConnectedAccount.objects.update(lease_until=now - timedelta(minutes=1))
    [claim] = claim_due(limit=5, trigger=Trigger.SCHEDULE, now=timezone.now())
    assert claim.in_doubt


@pytest.mark.fault(3)
def test_what_a_dead_process_was_asked_for_ahead_of_time_is_due_at_once(
    folder: Path, account: ConnectedAccount, second: ConnectedAccount
) -> None:
    entry, _ = answers()
    left_behind(folder, encode(entry))
    ConnectedAccount.objects.update(refresh_at=timezone.now() + timedelta(days=1))
    reconciling.drain_orphans(now=timezone.now())
    second.refresh_from_db()
    assert second.refresh_at is not None
    assert second.refresh_at <= timezone.now()


def test_an_orphan_is_drained_by_one_process_only(folder: Path, account: ConnectedAccount) -> None:
    [entry] = answers()
    left_behind(folder, encode(entry))
    reconciling.drain_orphans(now=timezone.now())
    [orphan] = journal.orphans()
    with orphan:
        assert (orphan.drained, orphan.worker) == (True, entry.worker)


def test_a_lost_lock_does_not_end_the_leases_of_a_worker_that_lives(
    folder: Path, account: ConnectedAccount, second: ConnectedAccount
) -> None:
    first_entry, second_entry = answers()
    left_behind(folder, encode(first_entry))
    journal.announce(second_entry.worker)
    assert reconciling.drain_orphans(now=timezone.now()) == 1
    assert (generation(account), leased(second)) == (2, True)


def test_an_entry_that_cannot_be_stored_keeps_no_other_from_it(
    folder: Path, account: ConnectedAccount, second: ConnectedAccount
) -> None:
    bad, good = answers()
    left_behind(folder, encode(replace(bad, attempt_id="x" * 300)), encode(good))
    with capture_logs() as lines:
        assert reconciling.drain_orphans(now=timezone.now()) == 1
    assert Credentials.objects.get(pk=good.account_id).generation == 2
    told = [line for line in lines if line["event"] == "journal_entry_not_stored"]
    assert [line["connected_account_id"] for line in told] == [bad.account_id]
    # Its refresh token is spent: nobody takes the account before the lease has run out.
    assert leased(ConnectedAccount.objects.get(pk=bad.account_id))


def test_an_entry_whose_key_is_gone_is_discarded_with_its_account(
    folder: Path, account: ConnectedAccount
) -> None:
    [entry] = answers()
    lost = replace(entry, payload=Sealed(f"00000000.{str.__str__(entry.payload)[9:]}"))
    left_behind(folder, encode(lost))
    revoke_account(account=ConnectedAccount.objects.get(), actor=SYSTEM)
    with capture_logs() as lines:
        assert reconciling.reconcile([lost], now=timezone.now()) == (0, 0)
    assert RefreshAttempt.objects.get().outcome == RefreshOutcome.DISCARDED
    assert "issued_tokens_not_revoked" in {line["event"] for line in lines}
    assert reconciling.reconcile([lost], now=timezone.now()) == (0, 0)


def test_a_segment_stays_while_an_account_lacks_what_does_not_decode(
    folder: Path, account: ConnectedAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    [entry] = answers()
    with monkeypatch.context() as patch:
        patch.setattr(Entry, "encode", lambda _: b'{"version":2}')
        path = old(left_behind(folder, encode(entry)))
    much_later = timezone.now() + timedelta(hours=1)
    reconciling.retire_segments(now=much_later)
    assert path.exists()
    ConnectedAccount.objects.update(grant_generation=2)
    reconciling.retire_segments(now=much_later)
    assert not path.exists()


def test_an_entry_that_cannot_be_stored_is_not_removed_either(
    folder: Path, account: ConnectedAccount
) -> None:
    [entry] = answers()
    path = old(left_behind(folder, encode(replace(entry, attempt_id="x" * 300))))
    reconciling.retire_segments(now=timezone.now() + timedelta(hours=1))
    assert path.exists()
