"""A provider that refuses everybody kills nobody; a grant that died is told of all the same."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from connections.models import Breaker, ConnectedAccount, Entity, Status
from connections.probing import claim, outcome
from connections.probing.endpoint import breaker_names
from connections.refresh.doubts import PROBES, Belief, Heard, weigh
from connections.refresh.gate import Gate
from integrations.models import AuthConfig
from tests.connections.proving import (
    REFUSAL,
    change_toolkit,
    connect_for_long,
    events_of,
    probe_all,
    probes_at,
)
from tests.provider import USERINFO_PATH, Answer, ScriptedProvider

GOOD = Answer(json={"sub": "7"})
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)


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


def accounts(config: AuthConfig, count: int, *, now: datetime) -> list[ConnectedAccount]:
    """Return accounts that were connected ``now``: their proof is due about a day later."""
    entity, _ = Entity.objects.get_or_create(project=config.project, user_id="many")
    return [
        connect_for_long(auth_config=config, entity=entity, now=now, alias=f"{config.pk} {number}")
        for number in range(count)
    ]


def have_due(*due: ConnectedAccount, now: datetime) -> None:
    ConnectedAccount.objects.filter(pk__in=[account.pk for account in due]).update(probe_at=now)


def go_on(*, since: datetime, seconds: float, step: float = 5) -> None:
    """Probe whatever falls due for so long; breakers' times are the database's, so move them."""
    moment = since
    while moment <= since + timedelta(seconds=seconds):
        waited = Breaker.objects.filter(open_until__lte=moment)
        waited.update(open_until=timezone.now() - SECOND, trial_until=None)
        before = dict(Breaker.objects.values_list("pk", "open_until"))
        probe_all(now=moment)
        for breaker in Breaker.objects.exclude(open_until=None):
            if breaker.open_until and breaker.open_until != before.get(breaker.pk):
                breaker.open_until += moment - timezone.now()
                breaker.save(update_fields=["open_until"])
        moment += timedelta(seconds=step)


def statuses() -> set[str]:
    return set(ConnectedAccount.objects.values_list("status", flat=True))


def doubts() -> list[str]:
    return list(Breaker.objects.filter(doubted_since__isnull=False).values_list("pk", flat=True))


def test_a_provider_that_refuses_everybody_expires_nobody(
    auth_config: AuthConfig, provider: ScriptedProvider, now: datetime
) -> None:
    provider.answer(USERINFO_PATH, REFUSAL)
    have_due(*accounts(auth_config, 6, now=now), now=now)
    go_on(since=now, seconds=300)
    assert statuses() == {Status.ACTIVE}
    assert doubts() == [f"{auth_config.pk} (identity)"]


def test_nobody_dies_though_only_one_account_is_due_while_the_provider_refuses_everybody(
    auth_config: AuthConfig, provider: ScriptedProvider, now: datetime
) -> None:
    provider.answer(USERINFO_PATH, REFUSAL)
    due, *_ = accounts(auth_config, 3, now=now)
    have_due(due, now=now)
    go_on(since=now, seconds=300)
    assert statuses() == {Status.ACTIVE}


def test_clients_with_one_account_each_are_witnesses_for_each_other(
    auth_config: AuthConfig,
    provider: ScriptedProvider,
    monkeypatch: pytest.MonkeyPatch,
    now: datetime,
) -> None:
    # A service of the catalog that answers at one host.
    change_toolkit(monkeypatch, parameters={}, identity=auth_config.catalog_entry.identity)
    provider.answer(USERINFO_PATH, REFUSAL)
    have_due(*accounts(auth_config, 1, now=now), now=now)
    for number in range(2):
        config = AuthConfig.objects.create(
            project=auth_config.project,
            name=f"Notes {number}",
            toolkit="sandbox",
            client_id=f"client-{number}",
            parameters=auth_config.parameters,
        )
        accounts(config, 1, now=now)
    go_on(since=now, seconds=120)
    assert statuses() == {Status.ACTIVE}
    assert doubts() == [f"{provider.url} (identity)"]


def test_one_dead_account_among_others_expires_after_half_a_minute(
    auth_config: AuthConfig, provider: ScriptedProvider, now: datetime
) -> None:
    dead, *_ = accounts(auth_config, 4, now=now)
    have_due(dead, now=now)
    provider.answer(USERINFO_PATH, REFUSAL, GOOD, GOOD, REFUSAL)
    go_on(since=now, seconds=30)
    dead.refresh_from_db()
    assert dead.status == Status.EXPIRED
    assert len(events_of(dead, "connected_account.expired")) == 1
    assert doubts() == []


def test_a_death_waits_for_a_witness_who_could_not_be_asked_yet(
    auth_config: AuthConfig, provider: ScriptedProvider, now: datetime
) -> None:
    dead, witness = accounts(auth_config, 2, now=now)
    have_due(dead, now=now)
    provider.answer(USERINFO_PATH, REFUSAL)
    probe_all(now=now)
    ConnectedAccount.objects.filter(pk=witness.pk).update(probe_at=now + 9 * HOUR)
    probe_all(now=now + 30 * SECOND)
    dead.refresh_from_db()
    assert dead.status == Status.ACTIVE
    provider.answer(USERINFO_PATH, GOOD, REFUSAL)
    probe_all(now=now + 45 * SECOND)
    probe_all(now=now + 60 * SECOND)
    dead.refresh_from_db()
    assert dead.status == Status.EXPIRED


def test_once_the_provider_accepts_tokens_again_the_dead_are_told_from_the_living(
    auth_config: AuthConfig, provider: ScriptedProvider, now: datetime
) -> None:
    everybody = accounts(auth_config, 8, now=now)
    have_due(*everybody[:4], now=now)
    provider.answer(USERINFO_PATH, REFUSAL)
    go_on(since=now, seconds=60)
    assert doubts()
    provider.answer(USERINFO_PATH, GOOD)
    go_on(since=now + 65 * SECOND, seconds=3600, step=60)
    assert doubts() == []
    assert Breaker.objects.exclude(opened_at=None).count() == 0
    [dead, *_] = everybody
    have_due(dead, now=now + 2 * HOUR)
    provider.answer(USERINFO_PATH, REFUSAL, GOOD, GOOD, REFUSAL)
    go_on(since=now + 2 * HOUR, seconds=40)
    assert ConnectedAccount.objects.filter(status=Status.EXPIRED).get() == dead


def test_whom_the_provider_refuses_for_hours_is_dead_after_all(
    auth_config: AuthConfig, provider: ScriptedProvider, now: datetime
) -> None:
    provider.answer(USERINFO_PATH, REFUSAL)
    have_due(*accounts(auth_config, 4, now=now), now=now)
    go_on(since=now, seconds=5 * 3600, step=300)
    assert statuses() == {Status.ACTIVE}
    go_on(since=now + 6 * HOUR, seconds=2 * 3600, step=300)
    assert statuses() == {Status.EXPIRED}


def test_while_it_refuses_everybody_a_provider_is_hardly_called(
    auth_config: AuthConfig, provider: ScriptedProvider, now: datetime
) -> None:
    provider.answer(USERINFO_PATH, REFUSAL)
    have_due(*accounts(auth_config, 30, now=now), now=now)
    go_on(since=now, seconds=3600, step=10)
    assert probes_at(provider) < 16 + 80


def test_few_refusals_among_many_good_answers_raise_no_doubt(
    auth_config: AuthConfig, provider: ScriptedProvider, now: datetime
) -> None:
    have_due(*accounts(auth_config, 16, now=now), now=now)
    provider.answer(USERINFO_PATH, *[REFUSAL] * 3, GOOD)
    probe_all(now=now)
    assert doubts() == []


def test_a_doubt_that_nobody_heard_of_for_hours_begins_anew(
    auth_config: AuthConfig, provider: ScriptedProvider, now: datetime
) -> None:
    provider.answer(USERINFO_PATH, REFUSAL)
    everybody = accounts(auth_config, 8, now=now)
    have_due(*everybody[:3], now=now)
    probe_all(now=now)
    ConnectedAccount.objects.update(probe_at=now + 99 * HOUR)
    go_on(since=now + 99 * HOUR, seconds=60)
    assert statuses() == {Status.ACTIVE}


def test_a_provider_that_refuses_nobody_costs_no_row(
    auth_config: AuthConfig, now: datetime
) -> None:
    have_due(*accounts(auth_config, 3, now=now), now=now)
    probe_all(now=now)
    assert not Breaker.objects.exists()


def test_an_alarm_is_raised_for_the_operator(
    auth_config: AuthConfig, provider: ScriptedProvider, now: datetime
) -> None:
    provider.answer(USERINFO_PATH, REFUSAL)
    have_due(*accounts(auth_config, 3, now=now), now=now)
    probe_all(now=now)
    [breaker] = Breaker.objects.exclude(opened_at=None)
    assert (breaker.error_code, breaker.doubted_since) == ("refuses_everybody", now)


def test_while_calls_stop_a_witness_goes_before_everybody_who_waits(
    auth_config: AuthConfig, provider: ScriptedProvider, now: datetime
) -> None:
    provider.answer(USERINFO_PATH, REFUSAL)
    *due, witness = accounts(auth_config, 4, now=now)
    have_due(*due, now=now)
    probe_all(now=now)
    assert ConnectedAccount.objects.earliest("probe_at") == witness
    witness.refresh_from_db()
    assert witness.probe_at is not None
    assert witness.probe_at < now - HOUR


@pytest.mark.django_db
def test_whom_it_refused_before_keeps_no_doubt_alive(now: datetime) -> None:
    names = ("https://api (identity)", "ac_1 (identity)")

    def hear(*, again: bool, accepted: int) -> Belief:
        refused = [Heard(account_id=pk, accepted=False, again=again) for pk in "abc"]
        others = [Heard(account_id=str(number), accepted=True) for number in range(accepted)]
        moment = now + SECOND if again else now
        return weigh({names: refused + others}, rule=PROBES, now=moment)[names]

    assert hear(again=False, accepted=0) is Belief.DOUBTED
    assert hear(again=True, accepted=2) is Belief.DOUBTED
    assert hear(again=True, accepted=9) is Belief.BELIEVED
