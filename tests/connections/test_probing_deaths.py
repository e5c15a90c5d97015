"""What a refused token does: a refresh where there can be one, death where there cannot."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from connections import probing
from connections.models import ConnectedAccount, Entity, Reason, Status, Transition, Trigger
from connections.refresh.claim import claim_due
from connections.refresh.work import refresh_claimed
from integrations.models import AuthConfig
from tests.connections.proving import (
    OUTAGE,
    REFUSAL,
    connect_for_long,
    events_of,
    probe_all,
    probes_at,
    reconnect,
)
from tests.provider import USERINFO_PATH, Answer, ScriptedProvider

DAY = timedelta(days=1)
HALF_A_MINUTE = timedelta(seconds=30)
SECOND = timedelta(seconds=1)


@pytest.fixture
def now() -> datetime:
    return timezone.now()


@pytest.fixture
def lasting(auth_config: AuthConfig, entity: Entity, now: datetime) -> ConnectedAccount:
    """An ACTIVE account whose token has no end and cannot be refreshed, connected two days ago."""
    return connect_for_long(auth_config=auth_config, entity=entity, now=now - 2 * DAY)


@pytest.fixture
def renewable(auth_config: AuthConfig, entity: Entity, now: datetime) -> ConnectedAccount:
    """An ACTIVE account whose token lasts ten days and can be refreshed, connected two days ago."""
    return connect_for_long(
        auth_config=auth_config,
        entity=entity,
        now=now - 2 * DAY,
        refresh_token="refresh-1",
        expires_in=10 * 86_400,
    )


def refresh_all(*, now: datetime) -> int:
    claims = claim_due(limit=16, trigger=Trigger.SCHEDULE, now=now)
    for claim in claims:
        refresh_claimed(claim)
    return len(claims)


def test_one_refusal_kills_nobody(
    lasting: ConnectedAccount, provider: ScriptedProvider, now: datetime
) -> None:
    provider.answer(USERINFO_PATH, REFUSAL, Answer(json={"sub": "7"}))
    probe_all(now=now)
    lasting.refresh_from_db()
    assert (lasting.status, lasting.probe_at) == (Status.ACTIVE, now + HALF_A_MINUTE)
    probe_all(now=now + HALF_A_MINUTE)
    lasting.refresh_from_db()
    assert (lasting.status, lasting.refused_generation) == (Status.ACTIVE, 0)
    assert lasting.last_verified_at == now + HALF_A_MINUTE


def test_a_second_refusal_expires_an_account_that_cannot_be_refreshed(
    lasting: ConnectedAccount, provider: ScriptedProvider, now: datetime
) -> None:
    provider.answer(USERINFO_PATH, REFUSAL)
    probe_all(now=now)
    assert probe_all(now=now + HALF_A_MINUTE - SECOND) == []
    probe_all(now=now + HALF_A_MINUTE)
    lasting.refresh_from_db()
    assert (lasting.status, lasting.status_reason) == (Status.EXPIRED, Reason.PROBE_REJECTED)
    [event] = events_of(lasting, "connected_account.expired")
    said = event.payload()["data"]
    assert (said["reason_code"], said["error_code"]) == ("probe_rejected", "invalid_token")
    assert said["reauth_url"].startswith("http")
    row = Transition.objects.get(event=event)
    assert (row.actor, row.cause) == (
        "worker",
        "The provider refused the token twice, HTTP 401: invalid_token",
    )


def test_a_dead_account_is_not_probed_any_more(
    lasting: ConnectedAccount, provider: ScriptedProvider, now: datetime
) -> None:
    provider.answer(USERINFO_PATH, REFUSAL)
    probe_all(now=now)
    probe_all(now=now + HALF_A_MINUTE)
    assert probe_all(now=now + 10 * DAY) == []
    assert probes_at(provider) == 2


def test_a_refusal_seen_by_two_probes_at_once_counts_once(
    lasting: ConnectedAccount, provider: ScriptedProvider, now: datetime
) -> None:
    provider.answer(USERINFO_PATH, REFUSAL)
    [slow] = probing.claim_due(limit=16, now=now)
    [again] = probing.claim_due(limit=16, now=now + 2 * HALF_A_MINUTE)
    probing.finish([probing.probe(slow)], now=now)
    probing.finish([probing.probe(again)], now=now)
    lasting.refresh_from_db()
    assert lasting.status == Status.ACTIVE


def test_an_outage_between_two_refusals_neither_kills_nor_forgets(
    lasting: ConnectedAccount, provider: ScriptedProvider, now: datetime
) -> None:
    provider.answer(USERINFO_PATH, REFUSAL, OUTAGE, REFUSAL)
    probe_all(now=now)
    probe_all(now=now + HALF_A_MINUTE)
    lasting.refresh_from_db()
    assert lasting.status == Status.ACTIVE
    probe_all(now=now + 5 * HALF_A_MINUTE)
    lasting.refresh_from_db()
    assert lasting.status == Status.EXPIRED


def test_storing_a_death_twice_tells_it_once(
    lasting: ConnectedAccount, provider: ScriptedProvider, now: datetime
) -> None:
    provider.answer(USERINFO_PATH, REFUSAL)
    probe_all(now=now)
    findings = probe_all(now=now + HALF_A_MINUTE)
    probing.finish(findings, now=now + HALF_A_MINUTE)
    assert len(events_of(lasting, "connected_account.expired")) == 1


def test_a_death_is_dropped_where_the_person_reconnected_in_the_last_moment(
    lasting: ConnectedAccount,
    provider: ScriptedProvider,
    monkeypatch: pytest.MonkeyPatch,
    now: datetime,
) -> None:
    provider.answer(USERINFO_PATH, REFUSAL)
    probe_all(now=now)

    def settle(rows: object, *, now: datetime) -> None:
        reconnect(lasting, now=now)

    monkeypatch.setattr("connections.probing.queries.settle", settle)
    probe_all(now=now + HALF_A_MINUTE)
    lasting.refresh_from_db()
    assert (lasting.status, lasting.grant_generation) == (Status.ACTIVE, 2)


def test_a_refused_token_that_can_be_refreshed_is_refreshed_at_once(
    renewable: ConnectedAccount, provider: ScriptedProvider, now: datetime
) -> None:
    provider.answer(USERINFO_PATH, REFUSAL)
    assert refresh_all(now=now) == 0
    probe_all(now=now)
    assert refresh_all(now=now) == 1
    renewable.refresh_from_db()
    assert (renewable.status, renewable.grant_generation) == (Status.ACTIVE, 2)
    assert events_of(renewable, "connected_account.expired") == []


def test_the_refresh_says_whether_the_grant_is_dead(
    renewable: ConnectedAccount, provider: ScriptedProvider, now: datetime
) -> None:
    provider.answer(USERINFO_PATH, REFUSAL)
    provider.answer_tokens(Answer(status=400, json={"error": "invalid_grant"}))
    for days in range(3):
        probe_all(now=now + days * DAY * 1.2)
    renewable.refresh_from_db()
    assert renewable.status == Status.ACTIVE
    refresh_all(now=now + 3 * DAY)
    renewable.refresh_from_db()
    assert (renewable.status, renewable.status_reason) == (Status.EXPIRED, Reason.GRANT_REVOKED)


def test_a_refused_token_does_not_hurry_a_refresh_that_backs_off(
    renewable: ConnectedAccount, provider: ScriptedProvider, now: datetime
) -> None:
    later = now + timedelta(hours=3)
    ConnectedAccount.objects.update(refresh_at=later, refresh_failing_since=now, refresh_failures=9)
    provider.answer(USERINFO_PATH, REFUSAL)
    probe_all(now=now)
    renewable.refresh_from_db()
    assert renewable.refresh_at == later


def test_a_token_is_probed_while_its_refresh_is_refused_for_the_configs_sake(
    renewable: ConnectedAccount, provider: ScriptedProvider, now: datetime
) -> None:
    provider.answer_tokens(Answer(status=401, json={"error": "invalid_client"}))
    ConnectedAccount.objects.update(refresh_at=now)
    refresh_all(now=now)
    probe_all(now=now)
    renewable.refresh_from_db()
    assert renewable.refresh_failing_since is not None
    assert renewable.last_verified_at == now
