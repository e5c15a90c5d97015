"""Tokens that were thought lost and were found: a refresh tells whether they live."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from connections import probing
from connections.actors import WORKER
from connections.lifecycle import move
from connections.models import ConnectedAccount, Reason, Status, Trigger
from connections.operations import delete_account
from connections.probing.reviving import finish_renewal
from connections.refresh.claim import claim_account
from connections.refresh.issued import seal
from connections.refresh.storing import store_issued
from integrations.schemes import Granted
from tests.connections.proving import OUTAGE, events_of, probe_all, probes_at
from tests.making import token_set
from tests.provider import Answer, ScriptedProvider, tokens

MINUTE = timedelta(minutes=1)
REFUSAL = Answer(status=400, json={"error": "invalid_grant"})


@pytest.fixture
def now() -> datetime:
    return timezone.now()


@pytest.fixture
def found(account: ConnectedAccount, now: datetime) -> ConnectedAccount:
    """An account that expired because its second tokens were lost, which then were found."""
    claim = claim_account(account_id=account.pk, generation=1, trigger=Trigger.READ, now=now)
    assert claim is not None
    granted = Granted(tokens=token_set(2), http_status=200)
    entry = seal(claim=claim, granted=granted, asked_at=now, now=now)
    move(account=account, to=Status.EXPIRED, reason=Reason.ROTATION_LOST, actor=WORKER, now=now)
    store_issued([entry], now=now)
    account.refresh_from_db()
    assert (account.status, account.grant_generation) == (Status.EXPIRED, 2)
    return account


def test_found_tokens_that_live_revive_the_account(
    found: ConnectedAccount, provider: ScriptedProvider, now: datetime
) -> None:
    provider.answer_tokens(tokens(3))
    probe_all(now=now)
    found.refresh_from_db()
    assert (found.status, found.status_reason) == (Status.ACTIVE, Reason.RECOVERED)
    assert provider.token_calls()[-1]["refresh_token"] == "refresh-2"
    assert found.refresh_at is not None
    assert found.refresh_at > now
    [event] = events_of(found, "connected_account.reactivated")
    assert (event.data["old_status"], event.data["reason_code"]) == ("EXPIRED", "recovered")


def test_they_are_proven_though_their_access_token_has_ended(
    found: ConnectedAccount, provider: ScriptedProvider, now: datetime
) -> None:
    provider.answer_tokens(tokens(3))
    probe_all(now=now + timedelta(days=3))
    found.refresh_from_db()
    assert found.status == Status.ACTIVE
    assert probes_at(provider) == 0


def test_found_tokens_that_are_dead_leave_the_account_expired(
    found: ConnectedAccount, provider: ScriptedProvider, now: datetime
) -> None:
    provider.answer_tokens(REFUSAL)
    probe_all(now=now)
    found.refresh_from_db()
    assert (found.status, found.status_reason) == (Status.EXPIRED, Reason.ROTATION_LOST)
    assert (found.probe_at, found.lease_id) == (None, "")
    assert len(events_of(found, "connected_account.expired")) == 1


def test_an_outage_leaves_found_tokens_to_be_proven_later(
    found: ConnectedAccount, provider: ScriptedProvider, now: datetime
) -> None:
    provider.answer_tokens(OUTAGE, tokens(3))
    probe_all(now=now)
    found.refresh_from_db()
    assert (found.status, found.probe_failures) == (Status.EXPIRED, 1)
    assert found.probe_at is not None
    assert 54 <= (found.probe_at - now).total_seconds() <= 66
    probe_all(now=now + 2 * MINUTE)
    found.refresh_from_db()
    assert (found.status, found.probe_failures) == (Status.ACTIVE, 0)


def test_a_worker_killed_between_storing_and_reviving_costs_nothing(
    found: ConnectedAccount, provider: ScriptedProvider, now: datetime
) -> None:
    provider.answer_tokens(tokens(3), tokens(4))
    [claimed] = probing.claim_due(limit=16, now=now)
    finding = probing.probe(claimed)
    assert isinstance(finding, probing.Renewed)
    assert finding.answer.entry is not None
    store_issued([finding.answer.entry], now=now)
    probe_all(now=now + MINUTE)
    found.refresh_from_db()
    assert (found.status, found.grant_generation) == (Status.ACTIVE, 4)
    assert provider.token_calls()[-1]["refresh_token"] == "refresh-3"


def test_reviving_twice_tells_it_once(
    found: ConnectedAccount, provider: ScriptedProvider, now: datetime
) -> None:
    provider.answer_tokens(tokens(3))
    [finding] = probe_all(now=now)
    assert isinstance(finding, probing.Renewed)
    finish_renewal(finding, now=now)
    found.refresh_from_db()
    assert found.status == Status.ACTIVE
    assert len(events_of(found, "connected_account.reactivated")) == 1


def test_an_account_deleted_meanwhile_stays_deleted(
    found: ConnectedAccount, provider: ScriptedProvider, now: datetime
) -> None:
    [claimed] = probing.claim_due(limit=16, now=now)
    delete_account(account=found, actor=WORKER)
    probing.finish([probing.probe(claimed)], now=now)
    found.refresh_from_db()
    assert found.status == Status.DELETED
    assert events_of(found, "connected_account.reactivated") == []


def test_an_account_that_expired_for_good_is_not_tried(
    account: ConnectedAccount, now: datetime
) -> None:
    move(account=account, to=Status.EXPIRED, reason=Reason.GRANT_REVOKED, actor=WORKER, now=now)
    ConnectedAccount.objects.update(probe_at=now)
    assert probing.claim_due(limit=16, now=now) == []
    account.refresh_from_db()
    assert account.probe_at == now
