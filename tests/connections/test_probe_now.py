"""An operator has an account proven now, and what every probe leaves in the history."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from connections.actors import WORKER
from connections.models import Breaker, ConnectedAccount, Entity, Proof, Status
from connections.probing.endpoint import breaker_names, gate
from integrations.models import AuditEntry, AuthConfig, Project
from tests.connections.proving import (
    OUTAGE,
    REFUSAL,
    change_toolkit,
    connect_for_long,
    probe_all,
    probes_at,
    reconnect,
)
from tests.console.staff import every_permission, member, signed_in
from tests.provider import USERINFO_PATH, Answer, ScriptedProvider

DAY = timedelta(days=1)
LIST = "/admin/connections/connectedaccount/"


@pytest.fixture(autouse=True)
def _fresh_gate(monkeypatch: pytest.MonkeyPatch) -> None:
    """What another test's breakers were must not be known here."""
    monkeypatch.setattr(gate, "_read_at", float("-inf"))


@pytest.fixture
def now() -> datetime:
    return timezone.now()


@pytest.fixture
def lasting(auth_config: AuthConfig, entity: Entity, now: datetime) -> ConnectedAccount:
    """An ACTIVE account whose token has no end and cannot be refreshed, connected two days ago."""
    return connect_for_long(auth_config=auth_config, entity=entity, now=now - 2 * DAY)


@pytest.fixture
def operator(project: Project) -> Client:
    return signed_in(member(project, permissions=every_permission()))


def probe(operator: Client, account: ConnectedAccount) -> str:
    """Press the button; return what the page then says."""
    return operator.post(f"{LIST}{account.pk}/do/probe/", follow=True).content.decode()


def told(account: ConnectedAccount) -> list[tuple[str, str, int]]:
    rows = Proof.objects.filter(account=account).order_by("id")
    return [(row.outcome, row.error_code, row.count) for row in rows]


def test_a_token_that_works_is_proven(operator: Client, lasting: ConnectedAccount) -> None:
    assert "proven: Acme Notes accepts the token and names alice@example.com" in probe(
        operator, lasting
    )
    lasting.refresh_from_db()
    assert lasting.last_verified_at is not None
    assert Proof.objects.get().asked_by == "operator:mel"


def test_a_token_that_is_refreshed_often_can_be_proven_too(
    operator: Client, account: ConnectedAccount
) -> None:
    assert "proven: Acme Notes" in probe(operator, account)
    assert told(account) == [("alive", "", 1)]


def test_it_is_in_the_audit_trail(operator: Client, lasting: ConnectedAccount) -> None:
    probe(operator, lasting)
    entries = AuditEntry.objects.filter(action="probe").order_by("id")
    assert [entry.outcome for entry in entries] == ["begun", "done"]


def test_one_refusal_ends_nothing(
    operator: Client, lasting: ConnectedAccount, provider: ScriptedProvider
) -> None:
    provider.answer(USERINFO_PATH, REFUSAL)
    page = probe(operator, lasting)
    assert "refused the access token (invalid_token, HTTP 401)" in page
    assert "it is asked again in" in page
    lasting.refresh_from_db()
    assert lasting.status == Status.ACTIVE
    assert told(lasting) == [("refused", "invalid_token", 1)]


def test_asking_twice_at_once_is_no_second_refusal(
    operator: Client, lasting: ConnectedAccount, provider: ScriptedProvider
) -> None:
    provider.answer(USERINFO_PATH, REFUSAL)
    probe(operator, lasting)
    assert "was asked about this account a moment ago" in probe(operator, lasting)
    lasting.refresh_from_db()
    assert lasting.status == Status.ACTIVE
    assert probes_at(provider) == 1


def test_a_refusal_of_a_token_that_can_be_refreshed_has_it_refreshed(
    operator: Client, account: ConnectedAccount, provider: ScriptedProvider
) -> None:
    reconnect(account, now=timezone.now(), refresh_token="refresh-1", expires_in=3600)
    provider.answer(USERINFO_PATH, REFUSAL)
    assert "It is refreshed now, to find out" in probe(operator, account)
    account.refresh_from_db()
    assert account.refresh_at is not None
    assert account.refresh_at <= timezone.now()


@pytest.mark.parametrize(
    ("answer", "words"),
    [(OUTAGE, "http_503"), (Answer(raw=b"<html>"), "something that is no answer")],
)
def test_an_answer_that_tells_nothing_changes_nothing(
    operator: Client,
    lasting: ConnectedAccount,
    provider: ScriptedProvider,
    answer: Answer,
    words: str,
) -> None:
    provider.answer(USERINFO_PATH, answer)
    page = probe(operator, lasting)
    assert words in page
    assert "Nothing was changed" in page
    lasting.refresh_from_db()
    assert lasting.status == Status.ACTIVE


def test_a_provider_that_fails_is_spared(
    operator: Client, lasting: ConnectedAccount, provider: ScriptedProvider
) -> None:
    later = timezone.now() + timedelta(minutes=5)
    name = breaker_names(lasting.auth_config)[0]
    Breaker.objects.create(pk=name, opened_at=timezone.now(), open_until=later)
    assert "so it is not called" in probe(operator, lasting)
    assert probes_at(provider) == 0


def test_a_token_that_is_over_is_refreshed_instead(
    operator: Client, due_account: ConnectedAccount, provider: ScriptedProvider
) -> None:
    assert "The access token is over. Refresh it" in probe(operator, due_account)
    assert probes_at(provider) == 0


def test_an_account_that_is_being_refreshed_is_left_alone(
    operator: Client, account: ConnectedAccount, provider: ScriptedProvider
) -> None:
    later = timezone.now() + timedelta(minutes=1)
    ConnectedAccount.objects.update(lease_id="ra_1", lease_until=later)
    assert "or is being asked" in probe(operator, account)
    assert probes_at(provider) == 0


def test_it_is_offered_where_there_is_a_call_for_it(
    operator: Client, account: ConnectedAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    change_toolkit(monkeypatch, identity=None)
    offered = operator.get(f"{LIST}{account.pk}/change/").context["operations"]
    assert "probe" not in [item["operation"].name for item in offered]
    assert "The catalog knows no call" in probe(operator, account)


# --- The history ---------------------------------------------------------------------------------


def test_scheduled_proofs_that_are_alike_are_one_row(
    lasting: ConnectedAccount, now: datetime
) -> None:
    for days in range(4):
        probe_all(now=now + days * 1.2 * DAY)
    [row] = Proof.objects.all()
    assert (row.outcome, row.count, row.asked_by) == ("alive", 4, WORKER)
    assert (row.first_at, row.last_at) == (now, now + 3.6 * DAY)


def test_another_answer_begins_a_row_and_so_does_a_week(
    lasting: ConnectedAccount, provider: ScriptedProvider, now: datetime
) -> None:
    probe_all(now=now)
    provider.answer(USERINFO_PATH, OUTAGE)
    probe_all(now=now + 1.2 * DAY)
    assert told(lasting) == [("alive", "", 1), ("unknown", "http_503", 1)]


def test_a_new_grant_begins_a_row(lasting: ConnectedAccount, now: datetime) -> None:
    probe_all(now=now)
    reconnect(lasting, now=now)
    probe_all(now=now + 1.2 * DAY)
    assert [row.generation for row in Proof.objects.order_by("id")] == [1, 2]
