"""What is probed and when, and what an answer that is none does."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connections, transaction
from django.utils import timezone

from connections import probing
from connections.actors import SYSTEM
from connections.models import ConnectedAccount, Credentials, Entity, Status
from connections.operations import disable_account, enable_account
from connections.probing import Alive, Unknown, claim, outcome
from connections.probing.retry import next_proof
from connections.refresh import refresh_due
from integrations.catalog import Probe, Rule, get_toolkit
from integrations.models import AuthConfig, Project
from tests.connections.proving import (
    OUTAGE,
    REFUSAL,
    change_toolkit,
    connect_for_long,
    probe_all,
    probes_at,
    reconnect,
)
from tests.provider import USERINFO_PATH, Answer, ScriptedProvider

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def now() -> datetime:
    return timezone.now()


@pytest.fixture
def lasting(auth_config: AuthConfig, entity: Entity, now: datetime) -> ConnectedAccount:
    """An ACTIVE account whose token has no end and cannot be refreshed, connected two days ago."""
    return connect_for_long(auth_config=auth_config, entity=entity, now=now - 2 * DAY)


def test_a_token_without_an_end_is_proven_on_a_schedule(
    lasting: ConnectedAccount, provider: ScriptedProvider, now: datetime
) -> None:
    [finding] = probe_all(now=now)
    lasting.refresh_from_db()
    assert isinstance(finding, Alive)
    assert (lasting.status, lasting.last_verified_at) == (Status.ACTIVE, now)
    assert 0.9 * DAY <= lasting.probe_at - now <= 1.1 * DAY  # type: ignore[operator]
    assert probe_all(now=now + DAY / 2) == []
    assert probes_at(provider) == 1


def test_the_toolkit_says_how_often(
    lasting: ConnectedAccount, monkeypatch: pytest.MonkeyPatch, now: datetime
) -> None:
    change_toolkit(monkeypatch, probe=Probe(every_seconds=3600))
    probe_all(now=now)
    lasting.refresh_from_db()
    assert lasting.probe_at is not None
    assert 54 * MINUTE <= lasting.probe_at - now <= 66 * MINUTE


def test_an_account_that_is_refreshed_often_is_not_probed(
    account: ConnectedAccount, now: datetime
) -> None:
    assert account.refresh_at is not None
    assert probing.claim_due(limit=16, now=now + 10 * DAY) == []


@pytest.mark.parametrize("answer", [OUTAGE, Answer(status=403, json={}), Answer(raw=b"<html>")])
def test_an_outage_never_expires_an_account(
    lasting: ConnectedAccount, provider: ScriptedProvider, answer: Answer, now: datetime
) -> None:
    provider.answer(USERINFO_PATH, answer)
    for hour in range(0, 200, 8):
        probe_all(now=now + timedelta(hours=hour))
    lasting.refresh_from_db()
    assert lasting.status == Status.ACTIVE
    assert lasting.last_verified_at is None
    assert lasting.probe_failures >= 5


def test_probes_back_off_while_nothing_answers(
    lasting: ConnectedAccount, provider: ScriptedProvider, now: datetime
) -> None:
    provider.answer(USERINFO_PATH, Answer(status=404, json={}))
    waits = []
    for _ in range(7):
        probe_all(now=now)
        lasting.refresh_from_db()
        assert lasting.probe_at is not None
        waits.append((lasting.probe_at - now).total_seconds())
        now = lasting.probe_at
    expected = [60, 300, 1800, 7200, 21_600, 21_600, 21_600]
    assert all(0.9 <= wait / delay <= 1.1 for wait, delay in zip(waits, expected, strict=True))


@pytest.mark.parametrize(("wish", "honoured"), [(1000, 1000), (10**6, 3600), (1, 54)])
def test_a_wish_to_be_left_alone_is_honoured_up_to_an_hour(
    lasting: ConnectedAccount, provider: ScriptedProvider, wish: int, honoured: int, now: datetime
) -> None:
    provider.answer(USERINFO_PATH, Answer(status=429, headers={"Retry-After": str(wish)}))
    probe_all(now=now)
    lasting.refresh_from_db()
    assert lasting.probe_at is not None
    assert honoured <= (lasting.probe_at - now).total_seconds() <= max(honoured, 66)


def test_an_answer_ends_the_count_of_failures(
    lasting: ConnectedAccount, provider: ScriptedProvider, now: datetime
) -> None:
    provider.answer(USERINFO_PATH, OUTAGE, Answer(json={"sub": "7"}))
    probe_all(now=now)
    probe_all(now=now + 2 * MINUTE)
    lasting.refresh_from_db()
    assert (lasting.probe_failures, lasting.last_verified_at) == (0, now + 2 * MINUTE)


def test_a_refusal_that_proves_a_known_account_is_a_proof(
    lasting: ConnectedAccount,
    monkeypatch: pytest.MonkeyPatch,
    provider: ScriptedProvider,
    now: datetime,
) -> None:
    identity = get_toolkit("sandbox").identity
    assert identity is not None
    restricted = Rule(error=("restricted_key",))
    change_toolkit(monkeypatch, identity=identity.model_copy(update={"alive": (restricted,)}))
    provider.answer(USERINFO_PATH, Answer(status=403, json={"error": "restricted_key"}))
    [finding] = probe_all(now=now)
    lasting.refresh_from_db()
    assert isinstance(finding, Alive)
    assert (lasting.last_verified_at, lasting.identity_id) == (now, "7")


def test_another_identity_is_no_proof_and_no_death(
    lasting: ConnectedAccount, provider: ScriptedProvider, now: datetime
) -> None:
    provider.answer_identity("8", "bob@example.com")
    [finding] = probe_all(now=now)
    lasting.refresh_from_db()
    assert isinstance(finding, Unknown)
    assert finding.error_code == "identity_differs"
    assert (lasting.status, lasting.identity_id) == (Status.ACTIVE, "7")
    assert (lasting.last_verified_at, lasting.probe_failures) == (None, 1)


@pytest.mark.parametrize(
    ("known", "stored"),
    [
        (("", ""), ("7", "alice@example.com")),
        (("", "Alice"), ("7", "Alice")),
        (("7", ""), ("7", "alice@example.com")),
        (("7", "alice@old.example"), ("7", "alice@old.example")),
    ],
)
def test_a_proof_tells_what_was_not_known_of_the_identity_and_changes_nothing_else(
    lasting: ConnectedAccount, known: tuple[str, str], stored: tuple[str, str], now: datetime
) -> None:
    ConnectedAccount.objects.update(identity_id=known[0], identity_label=known[1])
    probe_all(now=now)
    lasting.refresh_from_db()
    assert (lasting.identity_id, lasting.identity_label) == stored
    assert lasting.last_verified_at == now


def test_an_outage_tells_no_identity(
    lasting: ConnectedAccount, provider: ScriptedProvider, now: datetime
) -> None:
    ConnectedAccount.objects.update(identity_id="", identity_label="")
    provider.answer(USERINFO_PATH, OUTAGE)
    probe_all(now=now)
    lasting.refresh_from_db()
    assert (lasting.identity_id, lasting.identity_label) == ("", "")


def test_credentials_that_do_not_open_are_not_sent_and_not_given_up(
    lasting: ConnectedAccount, provider: ScriptedProvider, now: datetime
) -> None:
    Credentials.objects.filter(pk=lasting.pk).update(generation=5)
    [finding] = probe_all(now=now)
    lasting.refresh_from_db()
    assert isinstance(finding, Unknown)
    assert finding.error_code == "credentials_do_not_open"
    assert (lasting.status, probes_at(provider)) == (Status.ACTIVE, 0)


def test_a_token_about_to_end_is_left_to_the_refresh(
    auth_config: AuthConfig, entity: Entity, provider: ScriptedProvider, now: datetime
) -> None:
    account = connect_for_long(
        auth_config=auth_config, entity=entity, now=now - 3 * DAY, expires_in=3 * 86_400 + 5
    )
    assert probe_all(now=now) == []
    account.refresh_from_db()
    assert probes_at(provider) == 0
    assert account.probe_at is not None
    assert account.probe_at > now + DAY / 2


def test_a_toolkit_without_an_identity_call_is_not_asked_again(
    lasting: ConnectedAccount, monkeypatch: pytest.MonkeyPatch, now: datetime
) -> None:
    change_toolkit(monkeypatch, identity=None)
    assert probe_all(now=now) == []
    lasting.refresh_from_db()
    assert lasting.probe_at is None


def test_an_account_that_is_being_refreshed_is_not_probed(
    lasting: ConnectedAccount, now: datetime
) -> None:
    ConnectedAccount.objects.update(lease_until=timezone.now() + MINUTE)
    assert probing.claim_due(limit=16, now=now) == []
    ConnectedAccount.objects.update(lease_until=timezone.now() - MINUTE)
    assert len(probing.claim_due(limit=16, now=now)) == 1


def test_a_disabled_account_is_not_probed_and_an_enabled_one_at_once(
    lasting: ConnectedAccount, now: datetime
) -> None:
    disable_account(account=lasting, actor=SYSTEM)
    assert lasting.probe_at is None
    assert probing.claim_due(limit=16, now=now + 10 * DAY) == []
    enable_account(account=lasting, actor=SYSTEM)
    assert len(probing.claim_due(limit=16, now=timezone.now())) == 1


def test_a_probe_whose_worker_died_is_made_again_a_minute_later(
    lasting: ConnectedAccount, now: datetime
) -> None:
    assert len(probing.claim_due(limit=16, now=now)) == 1
    assert probing.claim_due(limit=16, now=now + timedelta(seconds=59)) == []
    assert len(probing.claim_due(limit=16, now=now + timedelta(seconds=60))) == 1


@pytest.mark.parametrize("answer", [Answer(json={"sub": "7"}), OUTAGE, REFUSAL])
def test_what_a_probe_brought_is_dropped_where_the_person_reconnected_meanwhile(
    lasting: ConnectedAccount, provider: ScriptedProvider, answer: Answer, now: datetime
) -> None:
    provider.answer(USERINFO_PATH, answer)
    [claimed] = probing.claim_due(limit=16, now=now)
    reconnect(lasting, now=now)
    planned = lasting.probe_at
    probing.finish([probing.probe(claimed)], now=now)
    lasting.refresh_from_db()
    assert lasting.probe_at == planned
    assert (lasting.last_verified_at, lasting.refused_generation) == (None, 0)


def test_what_a_probe_brought_is_dropped_where_the_account_was_disabled_meanwhile(
    lasting: ConnectedAccount, now: datetime
) -> None:
    [claimed] = probing.claim_due(limit=16, now=now)
    disable_account(account=lasting, actor=SYSTEM)
    probing.finish([probing.probe(claimed)], now=now)
    lasting.refresh_from_db()
    assert (lasting.probe_at, lasting.last_verified_at) == (None, None)


def test_storing_a_finding_twice_does_no_harm(
    lasting: ConnectedAccount, provider: ScriptedProvider, now: datetime
) -> None:
    provider.answer(USERINFO_PATH, OUTAGE)
    findings = [probing.probe(claimed) for claimed in probing.claim_due(limit=16, now=now)]
    probing.finish(findings, now=now)
    probing.finish(findings, now=now)
    lasting.refresh_from_db()
    assert lasting.probe_failures == 1


@pytest.mark.django_db(transaction=True)
def test_two_sweepers_never_probe_the_same_account(
    lasting: ConnectedAccount, now: datetime
) -> None:
    def claim(_: int) -> int:
        try:
            return len(probing.claim_due(limit=5, now=now))
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(claim, range(4))) == 1


@pytest.mark.django_db(transaction=True)
def test_an_account_that_another_sweeper_holds_is_passed_over(
    lasting: ConnectedAccount, now: datetime
) -> None:
    def claim() -> int:
        try:
            return len(probing.claim_due(limit=5, now=now))
        finally:
            connections.close_all()

    # The transaction ends first, so that whoever waits for it can end too.
    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        ConnectedAccount.objects.locked(lasting.pk)
        assert pool.submit(claim).result(timeout=30) == 0


@pytest.mark.django_db(transaction=True)
def test_the_refresher_probes_what_is_due(
    lasting: ConnectedAccount, provider: ScriptedProvider
) -> None:
    assert refresh_due() == 1
    lasting.refresh_from_db()
    assert lasting.last_verified_at is not None
    assert probes_at(provider) == 1


def raise_overflow(**_: object) -> datetime:
    raise OverflowError


def test_one_account_that_cannot_be_stored_stops_no_other(
    auth_config: AuthConfig, project: Project, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("odd", "usual"):
        entity = Entity.objects.create(project=project, user_id=name)
        connect_for_long(auth_config=auth_config, entity=entity, now=now - 2 * DAY)
    usual, once = next_proof, iter([raise_overflow])

    def odd_once(**given: Any) -> datetime:
        return next(once, usual)(**given)

    monkeypatch.setattr(outcome, "next_proof", odd_once)
    probe_all(now=now)
    assert ConnectedAccount.objects.filter(last_verified_at=now).count() == 1
    later = ConnectedAccount.objects.get(last_verified_at=None)
    assert later.probe_at == now + MINUTE


def test_one_account_that_cannot_be_claimed_stops_no_other(
    lasting: ConnectedAccount,
    auth_config: AuthConfig,
    project: Project,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    odd = Entity.objects.create(project=project, user_id="odd")
    odd_one = connect_for_long(auth_config=auth_config, entity=odd, now=now - 2 * DAY)
    ConnectedAccount.objects.filter(pk=odd_one.pk).update(expires_at=now)
    monkeypatch.setattr(claim, "next_proof", raise_overflow)
    assert [finding.probe.account_id for finding in probe_all(now=now)] == [lasting.pk]
    odd_one.refresh_from_db()
    assert odd_one.probe_at == now + timedelta(hours=1)
