"""Many at once: one call at the provider, whoever asks (faults.md 10, 11, 13)."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from django.db import connection, connections, transaction
from django.db.models import F
from django.utils import timezone

from connections.errors import AccountUnusable, RefreshTimeout, RefreshUnavailable
from connections.models import ConnectedAccount, RefreshAttempt, Status, Trigger
from connections.models import Worker as WorkerRow
from connections.refresh import get_credentials, refresh_account, refresh_due
from connections.refresh.claim import claim_account, claim_due
from connections.refresh.work import call_provider
from tests.faults.processes import Gate, Worker, until
from tests.provider import Answer, ScriptedProvider, tokens

DOWN = Answer(status=503, json={})


def age(account: ConnectedAccount, by: timedelta) -> None:
    """Make the account's token older."""
    ConnectedAccount.objects.filter(pk=account.pk).update(
        expires_at=F("expires_at") - by, refreshed_at=F("refreshed_at") - by
    )


def read_in_thread(account: ConnectedAccount) -> str:
    try:
        return get_credentials(account_id=account.pk).tokens.access_token.reveal()
    finally:
        connection.close()


@pytest.mark.fault(10)
@pytest.mark.django_db(transaction=True)
def test_fifty_readers_and_two_workers_make_one_call(
    due_account: ConnectedAccount, provider: ScriptedProvider
) -> None:
    gate = Gate()
    provider.answer_tokens(Answer(json=tokens().json, before=gate.hold))
    ConnectedAccount.objects.update(refresh_at=timezone.now() + timedelta(hours=1))
    workers = [Worker("--watch") for _ in range(2)]
    try:
        until(lambda: WorkerRow.objects.count() == 2)
        ConnectedAccount.objects.update(refresh_at=timezone.now())
        with ThreadPoolExecutor(50) as pool:
            readers = [pool.submit(read_in_thread, due_account) for _ in range(50)]
            assert gate.reached.wait(60)
            # Each has looked for work since: they look several times a second, and beat every five.
            called = timezone.now()
            until(lambda: not WorkerRow.objects.filter(seen_at__lte=called).exists())
            gate.opened.set()
        assert {reader.result() for reader in readers} == {"access-2"}
        assert len(provider.token_calls()) == 1
    finally:
        for worker in workers:
            worker.kill()


@pytest.mark.django_db(transaction=True)
def test_a_batch_is_refreshed_side_by_side(
    due_account: ConnectedAccount, provider: ScriptedProvider
) -> None:
    assert refresh_due() == 1
    assert refresh_due() == 0
    assert len(provider.token_calls()) == 1


@pytest.mark.fault(11)
@pytest.mark.django_db(transaction=True)
def test_two_sweepers_never_claim_the_same_account(due_account: ConnectedAccount) -> None:
    def claim(_: int) -> int:
        try:
            return len(claim_due(limit=5, trigger=Trigger.SCHEDULE, now=timezone.now()))
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(claim, range(4))) == 1


@pytest.mark.django_db
def test_a_claim_whose_worker_died_is_free_when_the_lease_ends(
    due_account: ConnectedAccount,
) -> None:
    an_hour_ahead = timezone.now() + timedelta(hours=1)
    [claim] = claim_due(limit=1, trigger=Trigger.SCHEDULE, now=timezone.now())
    # The lease is told by the database's clock, whatever the next worker's clock says.
    assert claim_due(limit=1, trigger=Trigger.SCHEDULE, now=an_hour_ahead) == []
    ConnectedAccount.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    [again] = claim_due(limit=1, trigger=Trigger.SCHEDULE, now=timezone.now())
    assert again.in_doubt
    assert not claim.in_doubt


@pytest.mark.django_db
def test_a_fresh_token_is_read_without_a_call(
    account: ConnectedAccount, provider: ScriptedProvider
) -> None:
    grant = get_credentials(account_id=account.pk, minimum_seconds=30)
    assert grant.tokens.access_token.reveal() == "access-1"
    assert provider.token_calls() == []


@pytest.mark.django_db
def test_a_token_that_lives_too_short_is_refreshed(
    account: ConnectedAccount, provider: ScriptedProvider
) -> None:
    age(account, timedelta(seconds=40))
    assert get_credentials(account_id=account.pk, minimum_seconds=10).generation == 1
    assert get_credentials(account_id=account.pk, minimum_seconds=25).generation == 2
    assert len(provider.token_calls()) == 1


@pytest.mark.django_db
def test_asking_for_more_than_a_token_can_live_does_not_refresh_each_time(
    account: ConnectedAccount, provider: ScriptedProvider
) -> None:
    for _ in range(3):
        get_credentials(account_id=account.pk, minimum_seconds=3600)
    assert provider.token_calls() == []


@pytest.mark.fault(13)
@pytest.mark.django_db
def test_an_outage_does_not_withhold_a_token_that_lives(
    account: ConnectedAccount, provider: ScriptedProvider
) -> None:
    age(account, timedelta(seconds=40))
    provider.answer_tokens(DOWN)
    grant = get_credentials(account_id=account.pk, minimum_seconds=60)
    assert len(provider.token_calls()) == 1
    assert grant.tokens.access_token.reveal() == "access-1"


@pytest.mark.django_db
def test_an_outage_with_a_dead_token_is_an_error_that_says_so(
    due_account: ConnectedAccount, provider: ScriptedProvider
) -> None:
    provider.answer_tokens(DOWN)
    with pytest.raises(RefreshUnavailable):
        get_credentials(account_id=due_account.pk)
    assert ConnectedAccount.objects.get().status == Status.ACTIVE


@pytest.mark.django_db
def test_during_an_outage_readers_do_not_call_more_often_than_the_backoff(
    due_account: ConnectedAccount, provider: ScriptedProvider
) -> None:
    provider.answer_tokens(DOWN)
    for _ in range(3):
        with pytest.raises(RefreshUnavailable):
            get_credentials(account_id=due_account.pk)
    assert len(provider.token_calls()) == 1


@pytest.mark.django_db
def test_an_answer_that_waited_too_long_in_the_journal_is_not_served(
    due_account: ConnectedAccount, provider: ScriptedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider.answer_tokens(tokens(2), tokens(3))
    [claim] = claim_due(limit=1, trigger=Trigger.SCHEDULE, now=timezone.now())
    an_hour_ago = timezone.now() - timedelta(hours=1)
    with monkeypatch.context() as then:
        then.setattr(timezone, "now", lambda: an_hour_ago)
        call_provider(claim)
    ConnectedAccount.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    grant = get_credentials(account_id=due_account.pk)
    assert (grant.generation, grant.tokens.access_token.reveal()) == (3, "access-3")


@pytest.mark.django_db
def test_a_token_that_is_over_at_once_is_asked_for_once_per_read(
    due_account: ConnectedAccount, provider: ScriptedProvider
) -> None:
    provider.answer_tokens(tokens(2, expires_in=0), tokens(3))
    with pytest.raises(RefreshUnavailable):
        get_credentials(account_id=due_account.pk)
    assert len(provider.token_calls()) == 1


@pytest.mark.django_db
def test_a_lifetime_counts_from_before_the_call(
    due_account: ConnectedAccount, provider: ScriptedProvider
) -> None:
    called: list[datetime] = []
    answer = Answer(json=tokens(2).json, before=lambda: called.append(timezone.now()))
    provider.answer_tokens(answer)
    grant = get_credentials(account_id=due_account.pk)
    assert grant.expires_at is not None
    assert grant.expires_at <= called[0] + timedelta(seconds=60)


@pytest.mark.fault(12)
@pytest.mark.django_db
def test_a_refused_generation_is_refreshed_once_however_many_complain(
    account: ConnectedAccount, provider: ScriptedProvider
) -> None:
    for _ in range(3):
        grant = refresh_account(account_id=account.pk, trigger=Trigger.FORCED, refused_generation=1)
        assert grant.generation == 2
    assert len(provider.token_calls()) == 1


@pytest.mark.django_db
def test_waiting_for_somebody_elses_refresh_has_a_deadline(due_account: ConnectedAccount) -> None:
    held = claim_account(
        account_id=due_account.pk, generation=1, trigger=Trigger.READ, now=timezone.now()
    )
    assert held is not None
    with pytest.raises(RefreshTimeout):
        get_credentials(account_id=due_account.pk, wait_seconds=0.1)


@pytest.mark.django_db
def test_a_dead_account_is_not_served(
    due_account: ConnectedAccount, provider: ScriptedProvider
) -> None:
    provider.answer_tokens(Answer(status=400, json={"error": "invalid_grant"}))
    with pytest.raises(AccountUnusable) as caught:
        get_credentials(account_id=due_account.pk)
    assert caught.value.details["reason_code"] == "grant_revoked"
    with pytest.raises(AccountUnusable):
        get_credentials(account_id=due_account.pk)
    assert RefreshAttempt.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_an_account_that_somebody_locks_holds_up_nobody(due_account: ConnectedAccount) -> None:
    locked, released = threading.Event(), threading.Event()

    def hold_lock() -> None:
        with transaction.atomic():
            ConnectedAccount.objects.locked(due_account.pk)
            locked.set()
            released.wait(30)
        connection.close()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(hold_lock)
        assert locked.wait(30)
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET lock_timeout = '2s'")
            assert claim_due(limit=5, trigger=Trigger.SCHEDULE, now=timezone.now()) == []
        finally:
            released.set()
            connection.close()
