"""What the journal saves: answers between the provider and the commit (faults.md 5, 8, 9, 21)."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.utils import timezone

from connections import journal, vault
from connections.actors import SYSTEM
from connections.models import (
    ConnectedAccount,
    Credentials,
    Reason,
    RefreshAttempt,
    RefreshOutcome,
    Revocation,
    Status,
    Trigger,
)
from connections.operations import revoke_account
from connections.refresh import preparing, reconciling
from connections.refresh.claim import Claim, claim_account, claim_due
from connections.refresh.work import Answer as Answered
from connections.refresh.work import call_provider, refresh_claimed, store
from integrations import clock
from tests.making import store_grant
from tests.provider import Answer, ScriptedProvider, tokens

pytestmark = pytest.mark.django_db

REFUSED = Answer(status=400, json={"error": "invalid_grant"})


def claim_one() -> Claim:
    [claim] = claim_due(limit=1, trigger=Trigger.SCHEDULE, now=timezone.now())
    return claim


def claims() -> list[Claim]:
    return claim_due(limit=5, trigger=Trigger.SCHEDULE, now=timezone.now())


def end_leases() -> None:
    ConnectedAccount.objects.update(lease_until=timezone.now() - timedelta(seconds=1))


def keep(*answers: Answered) -> None:
    store(answers, troubled=[], now=timezone.now())


def access_token(account: ConnectedAccount) -> str:
    return vault.open_grant(Credentials.objects.get(pk=account.pk)).access_token.reveal()


def test_the_journal_has_the_tokens_before_the_database(due_account: ConnectedAccount) -> None:
    call_provider(claim_one())
    [entry] = journal.find([due_account.pk])[due_account.pk]
    assert entry.generation == 1
    assert Credentials.objects.get().generation == 1


def test_what_the_journal_has_is_stored_instead_of_calling_again(
    due_account: ConnectedAccount, provider: ScriptedProvider
) -> None:
    call_provider(claim_one())
    end_leases()
    assert claims() == []
    assert access_token(due_account) == "access-2"
    assert len(provider.token_calls()) == 1
    # Nobody called with the new ones: a later refusal is not blamed on a lost answer.
    assert ConnectedAccount.objects.get().in_doubt_since is None


def test_a_reader_stores_what_the_journal_has_too(
    due_account: ConnectedAccount, provider: ScriptedProvider
) -> None:
    call_provider(claim_one())
    end_leases()
    claim = claim_account(
        account_id=due_account.pk, generation=1, trigger=Trigger.READ, now=timezone.now()
    )
    assert claim is None
    assert access_token(due_account) == "access-2"


def test_an_answer_that_was_found_completes_its_attempt(due_account: ConnectedAccount) -> None:
    call_provider(claim_one())
    end_leases()
    claims()
    [attempt] = RefreshAttempt.objects.all()
    assert attempt.outcome == RefreshOutcome.STORED
    assert attempt.finished_at is not None


def test_a_cut_attempt_ends_a_row_of_successes(due_account: ConnectedAccount) -> None:
    refresh_claimed(claim_one())
    for _ in range(2):
        ConnectedAccount.objects.update(refresh_at=timezone.now(), lease_until=None)
        claim = claim_one()
    refresh_claimed(claim)
    rows = RefreshAttempt.objects.order_by("pk").values_list("outcome", "count")
    assert list(rows) == [("stored", 1), ("in_doubt", 1), ("stored", 1)]


def test_storing_an_answer_twice_changes_nothing(due_account: ConnectedAccount) -> None:
    answer = call_provider(claim_one())
    keep(answer)
    keep(answer)
    assert Credentials.objects.get().generation == 2
    assert RefreshAttempt.objects.get().outcome == RefreshOutcome.STORED


def test_storing_a_refusal_twice_changes_nothing(
    due_account: ConnectedAccount, provider: ScriptedProvider
) -> None:
    provider.answer_tokens(REFUSED)
    answer = call_provider(claim_one())
    keep(answer)
    keep(answer)
    assert ConnectedAccount.objects.get().status_reason == Reason.GRANT_REVOKED
    assert RefreshAttempt.objects.get().outcome == RefreshOutcome.TERMINAL


@pytest.mark.fault(9)
def test_a_commit_that_nobody_heard_of_is_recognised_after_the_next_one(
    due_account: ConnectedAccount, provider: ScriptedProvider
) -> None:
    answer = call_provider(claim_one())
    keep(answer)
    provider.answer_tokens(tokens(3))
    ConnectedAccount.objects.update(refresh_at=timezone.now())
    refresh_claimed(claim_one())
    keep(answer)
    assert access_token(due_account) == "access-3"
    assert RefreshAttempt.objects.get().count == 2


def rows_now() -> list[tuple[Any, dict[str, Any]]]:
    """Return the rows as they stand, to be put back."""
    kept: list[Any] = [ConnectedAccount, Credentials]
    return [(model, row) for model in kept for row in model.objects.values()]


def put_back(rows: list[tuple[Any, dict[str, Any]]]) -> None:
    for model, row in rows:
        key = row.get("id") or row["account_id"]
        model.objects.filter(pk=key).update(**{k: v for k, v in row.items() if k != "payload"})
        if "payload" in row:
            with connection.cursor() as cursor:
                cursor.execute(
                    "UPDATE connections_credentials SET payload = %s WHERE account_id = %s",
                    [str.__str__(row["payload"]), key],
                )


def another_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """As after a failover: nothing was compared with the server that is there now."""
    monkeypatch.setattr(preparing, "_server", preparing._Server())


def test_commits_that_a_failover_forgot_are_stored_again(
    due_account: ConnectedAccount, provider: ScriptedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider.answer_tokens(tokens(2), tokens(3))
    before = rows_now()
    for _ in range(2):
        refresh_claimed(claim_one())
        ConnectedAccount.objects.update(refresh_at=timezone.now())
    put_back(before)
    another_server(monkeypatch)
    claims()
    assert access_token(due_account) == "access-3"
    assert len(provider.token_calls()) == 2


@pytest.mark.django_db(transaction=True)
def test_a_new_connection_has_the_server_looked_at_again() -> None:
    preparing.prepare()
    ours = connections[DEFAULT_DB_ALIAS]
    assert ours in preparing._server.settled
    ours.close()
    ours.connect()
    assert ours not in preparing._server.settled


def test_a_late_answer_to_a_dead_account_is_kept_until_it_is_proven(
    due_account: ConnectedAccount, provider: ScriptedProvider
) -> None:
    provider.answer_tokens(tokens(2), REFUSED)
    late = call_provider(claim_one())
    journal.close()
    forget_journal()
    end_leases()
    refresh_claimed(claim_one())
    assert ConnectedAccount.objects.get().status_reason == Reason.ROTATION_LOST
    keep(late)
    account = ConnectedAccount.objects.get()
    assert account.status == Status.EXPIRED
    assert account.probe_at is not None
    assert access_token(due_account) == "access-2"


def forget_journal() -> None:
    """As on another host, which has a journal of its own."""
    for orphan in journal.orphans():
        with orphan:
            orphan.remove()


def test_tokens_found_for_a_revoked_account_are_revoked_once(
    due_account: ConnectedAccount,
) -> None:
    answer = call_provider(claim_one())
    revoke_account(account=ConnectedAccount.objects.get(), actor=SYSTEM)
    before = Revocation.objects.count()
    for _ in range(2):
        reconciling.reconcile([found(answer)], now=timezone.now())
    assert Revocation.objects.count() == before + 1


def found(answer: Answered) -> journal.Entry:
    assert answer.entry is not None
    return answer.entry


def test_an_entry_from_before_a_reconnect_changes_nothing(due_account: ConnectedAccount) -> None:
    answer = call_provider(claim_one())
    account = ConnectedAccount.objects.get()
    store_grant(account, now=timezone.now(), reason=Reason.RECONNECTED, number=9)
    assert reconciling.reconcile([found(answer)], now=timezone.now()) == (0, 0)
    assert access_token(due_account) == "access-9"


def test_old_segments_go_once_the_database_has_all_of_them(due_account: ConnectedAccount) -> None:
    call_provider(claim_one())
    journal.close()
    much_later = timezone.now() + timedelta(hours=1)
    reconciling.retire_segments(now=much_later)
    assert access_token(due_account) == "access-2"
    reconciling.retire_segments(now=much_later + timedelta(hours=1))
    assert journal.size()[1] == 0


def test_a_process_that_stood_still_beyond_its_lease_does_not_call(
    due_account: ConnectedAccount, provider: ScriptedProvider
) -> None:
    stale = replace(claim_one(), ends_at=clock.seconds() + 19)
    refresh_claimed(stale)
    assert provider.token_calls() == []
    account = ConnectedAccount.objects.get()
    assert (account.status, account.lease_id) == (Status.ACTIVE, "")
    assert account.in_doubt_since is None


@pytest.mark.skipif(not hasattr(time, "CLOCK_BOOTTIME"), reason="only Linux has that clock")
def test_a_machine_that_was_suspended_beyond_the_lease_does_not_call(
    due_account: ConnectedAccount, provider: ScriptedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    claimed, read = claim_one(), time.clock_gettime

    def after_a_minutes_suspension(which: int) -> float:
        return read(which) + 60 * (which == time.CLOCK_BOOTTIME)

    monkeypatch.setattr(time, "clock_gettime", after_a_minutes_suspension)
    refresh_claimed(claimed)
    assert provider.token_calls() == []
    assert ConnectedAccount.objects.get().in_doubt_since is None


def test_a_full_disk_does_not_stop_a_refresh(
    due_account: ConnectedAccount, provider: ScriptedProvider, settings: Any, tmp_path: Any
) -> None:
    (tmp_path / "file").write_text("")
    settings.JOURNAL_FOLDER = tmp_path / "file" / "journal"
    refresh_claimed(claim_one())
    assert journal.trouble()
    assert access_token(due_account) == "access-2"
