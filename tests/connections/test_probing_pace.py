"""How hard a provider is probed: in what order, and how its breakers hold probes back."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from connections import probing
from connections.models import Breaker, ConnectedAccount, Entity
from connections.probing import claim, outcome
from connections.probing.endpoint import breaker_names
from connections.refresh.gate import Gate
from integrations.catalog import Calls
from integrations.models import AuthConfig, Project
from tests.connections.proving import (
    OUTAGE,
    change_toolkit,
    connect_for_long,
    probe_all,
    probes_at,
)
from tests.provider import USERINFO_PATH, Answer, ScriptedProvider

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def now() -> datetime:
    return timezone.now()


@pytest.fixture(autouse=True)
def another_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget what the process knew; look at the database each time."""
    monkeypatch.setattr("connections.refresh.gate.MOST_SECONDS_OLD", -1.0)
    begun = Gate(names=breaker_names, as_client=False)
    monkeypatch.setattr(claim, "gate", begun)
    monkeypatch.setattr(outcome, "gate", begun)


@pytest.fixture
def other_config(auth_config: AuthConfig) -> AuthConfig:
    """Another client at the same provider."""
    return AuthConfig.objects.create(
        project=auth_config.project,
        name="Other notes",
        toolkit="sandbox",
        client_id="other",
        parameters=auth_config.parameters,
    )


def connect_many(config: AuthConfig, count: int, now: datetime) -> list[ConnectedAccount]:
    """Return accounts whose proof has been due for long."""
    entity, _ = Entity.objects.get_or_create(project=config.project, user_id="many")
    return [
        connect_for_long(
            auth_config=config, entity=entity, now=now - 3 * DAY, alias=f"{config.pk} {number}"
        )
        for number in range(count)
    ]


def claimed_by(config: AuthConfig, probes: list[probing.Probe]) -> int:
    return sum(claimed.auth_config.pk == config.pk for claimed in probes)


def test_no_more_than_asked_for_are_claimed(auth_config: AuthConfig, now: datetime) -> None:
    connect_many(auth_config, 3, now)
    assert len(probing.claim_due(limit=2, now=now)) == 2


def test_the_longest_waiting_come_first(auth_config: AuthConfig, now: datetime) -> None:
    accounts = connect_many(auth_config, 3, now)
    ConnectedAccount.objects.filter(pk=accounts[1].pk).update(probe_at=now - 9 * DAY)
    [first] = probing.claim_due(limit=1, now=now)
    assert first.account_id == accounts[1].pk


def test_those_that_are_not_due_wait_though_others_of_their_config_are(
    auth_config: AuthConfig, now: datetime
) -> None:
    due, waiting = connect_many(auth_config, 2, now)
    ConnectedAccount.objects.filter(pk=waiting.pk).update(probe_at=now + MINUTE)
    assert [claimed.account_id for claimed in probing.claim_due(limit=16, now=now)] == [due.pk]


def test_a_config_is_never_probed_past_its_cap(
    auth_config: AuthConfig, monkeypatch: pytest.MonkeyPatch, now: datetime
) -> None:
    change_toolkit(monkeypatch, calls=Calls(client_concurrency=2))
    connect_many(auth_config, 4, now)
    probes = probing.claim_due(limit=16, now=now)
    assert len(probes) == 2
    assert probing.claim_due(limit=16, now=now) == []
    probing.finish([probing.probe(claimed) for claimed in probes], now=now)
    assert len(probing.claim_due(limit=16, now=now)) == 2


def test_a_provider_that_is_down_is_left_alone_and_then_tried_with_one(
    auth_config: AuthConfig, provider: ScriptedProvider, now: datetime
) -> None:
    provider.answer(USERINFO_PATH, OUTAGE)
    connect_many(auth_config, 9, now)
    probing.finish(
        [probing.probe(claimed) for claimed in probing.claim_due(limit=5, now=now)], now=now
    )
    breaker = Breaker.objects.get()
    assert breaker.pk == breaker_names(auth_config)[0]
    assert breaker.opened_at == now
    assert probing.claim_due(limit=16, now=now) == []
    Breaker.objects.update(open_until=now - MINUTE)
    assert len(probing.claim_due(limit=16, now=now)) == 1
    assert probing.claim_due(limit=16, now=now) == []


def test_an_answer_closes_the_breaker(
    auth_config: AuthConfig, provider: ScriptedProvider, now: datetime
) -> None:
    provider.answer(USERINFO_PATH, *[OUTAGE] * 5, Answer(json={"sub": "7"}))
    connect_many(auth_config, 9, now)
    probing.finish(
        [probing.probe(claimed) for claimed in probing.claim_due(limit=5, now=now)], now=now
    )
    Breaker.objects.update(open_until=now - MINUTE)
    probe_all(now=now)
    assert Breaker.objects.get().opened_at is None
    assert len(probing.claim_due(limit=16, now=now)) == 3


def test_a_client_that_is_limited_is_left_alone_and_no_other(
    auth_config: AuthConfig,
    other_config: AuthConfig,
    provider: ScriptedProvider,
    now: datetime,
) -> None:
    provider.answer(USERINFO_PATH, Answer(status=429, headers={"Retry-After": "60"}))
    connect_many(auth_config, 3, now)
    probing.finish(
        [probing.probe(claimed) for claimed in probing.claim_due(limit=1, now=now)], now=now
    )
    connect_many(other_config, 2, now)
    probes = probing.claim_due(limit=16, now=now)
    assert (claimed_by(auth_config, probes), claimed_by(other_config, probes)) == (0, 2)


def test_no_trial_is_used_up_for_a_client_that_has_to_wait(
    auth_config: AuthConfig, now: datetime
) -> None:
    connect_many(auth_config, 1, now)
    endpoint = Breaker.objects.create(
        endpoint=breaker_names(auth_config)[0], opened_at=now - MINUTE, open_until=now - MINUTE
    )
    Breaker.objects.create(
        endpoint=f"{auth_config.pk} (identity)", opened_at=now, open_until=now + MINUTE
    )
    assert probing.claim_due(limit=16, now=now) == []
    endpoint.refresh_from_db()
    assert endpoint.trial_until is None


def test_an_identity_call_that_fails_keeps_nobody_from_refreshing(
    auth_config: AuthConfig, provider: ScriptedProvider, now: datetime
) -> None:
    provider.answer(USERINFO_PATH, *[OUTAGE] * 5, Answer(status=429, headers={"Retry-After": "60"}))
    connect_many(auth_config, 9, now)
    probes = probing.claim_due(limit=9, now=now)
    probing.finish([probing.probe(claimed) for claimed in probes], now=now)
    assert Breaker.objects.count() == 2
    assert Gate().shares([auth_config.pk], free=4, now=now) == {auth_config.pk: 4}


@pytest.mark.parametrize("status", [403, 404])
def test_a_provider_that_answers_has_no_outage(
    auth_config: AuthConfig, provider: ScriptedProvider, status: int, now: datetime
) -> None:
    provider.answer(USERINFO_PATH, Answer(status=status, json={}))
    connect_many(auth_config, 6, now)
    probe_all(now=now)
    assert probes_at(provider) == 6
    assert not Breaker.objects.exists()


def test_a_service_that_left_the_catalog_holds_up_no_other(
    auth_config: AuthConfig, project: Project, now: datetime
) -> None:
    gone = AuthConfig.objects.create(
        project=project,
        name="Gone",
        toolkit="sandbox",
        client_id="gone",
        parameters=auth_config.parameters,
    )
    connect_many(gone, 2, now)
    connect_many(auth_config, 2, now)
    AuthConfig.objects.filter(pk=gone.pk).update(toolkit="gone")
    probes = probing.claim_due(limit=16, now=now)
    assert (claimed_by(gone, probes), claimed_by(auth_config, probes)) == (0, 2)
