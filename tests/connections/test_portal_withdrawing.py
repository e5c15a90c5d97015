"""A portal link is taken back before its end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from connections.actors import PERSON, SYSTEM
from connections.models import (
    ConnectedAccount,
    ConnectLink,
    PortalLink,
    Reason,
    Revocation,
    Status,
    Verification,
)
from connections.operations import reconnect_account
from connections.portal.withdrawing import withdraw_portal_link
from integrations.models import Project
from tests.connections.visitor import Visitor, portal_of
from tests.faults.processes import until, waits_for_a_lock
from tests.person import Person
from tests.provider import Answer, ScriptedProvider, tokens
from tests.verifying_app import App, Trip

pytestmark = pytest.mark.django_db


@pytest.fixture
def path(account: ConnectedAccount) -> str:
    return portal_of(account.entity)


def withdraw() -> bool:
    return withdraw_portal_link(link=PortalLink.objects.get(), actor=SYSTEM)


def set_out(path: str, account: ConnectedAccount) -> Person:
    """Return somebody who has left the portal for the provider."""
    visitor = Visitor(path).enter()
    person = Person(visitor.do("reconnect", account.pk))
    person.client = visitor.client
    assert person.set_out()
    return person


@contextmanager
def meanwhile(act: Callable[[], object], *, before: str) -> Iterator[list[Future[object]]]:
    """Begin ``act`` in another connection just before the block's statement ``before`` runs.

    The statement waits until that has ended, or waits for a lock itself.
    """
    begun: list[Future[object]] = []

    def elsewhere() -> object:
        try:
            return act()
        finally:
            connection.close()

    def execute(go_on: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if sql.startswith(before) and not begun:
            begun.append(pool.submit(elsewhere))
            until(lambda: begun[0].done() or waits_for_a_lock("portallink"))
        return go_on(sql, *rest)

    with ThreadPoolExecutor(1) as pool, connection.execute_wrapper(execute):
        yield begun


def test_a_withdrawn_link_lets_nobody_in(path: str) -> None:
    assert withdraw()
    for response in (Client().get(path), Client().post(path)):
        assert response.status_code == 410
        assert "alice@example.com" not in response.content.decode()


def test_a_portal_that_is_open_closes(path: str) -> None:
    visitor = Visitor(path).enter()
    withdraw()
    assert visitor.client.get(visitor.list).status_code == 410


def test_connect_links_that_were_made_in_it_end_with_it(
    path: str, account: ConnectedAccount
) -> None:
    portal = PortalLink.objects.get()
    within = reconnect_account(account=account, actor=PERSON, portal_id=portal.pk).link
    other = reconnect_account(account=account, actor=SYSTEM).link
    withdraw()
    still_open = ConnectLink.objects.open(now=timezone.now())
    assert list(still_open) == [other]
    assert within.pk not in {link.pk for link in still_open}


@pytest.mark.django_db(transaction=True)
def test_no_connect_link_is_made_amid_the_withdrawal(path: str, account: ConnectedAccount) -> None:
    visitor = Visitor(path).enter()
    update = 'UPDATE "connections_portallink"'
    with meanwhile(lambda: visitor.do("reconnect", account.pk), before=update) as pressed:
        withdraw()
    assert pressed[0].result() == "410"
    assert not ConnectLink.objects.open(now=timezone.now()).exists()


@pytest.mark.django_db(transaction=True)
def test_the_withdrawal_waits_for_a_connect_link_that_is_being_made(
    path: str, account: ConnectedAccount
) -> None:
    visitor = Visitor(path).enter()
    with meanwhile(withdraw, before='INSERT INTO "connections_connectlink"') as withdrawn:
        visitor.do("reconnect", account.pk)
    assert withdrawn[0].result() is True
    assert ConnectLink.objects.exists()
    assert not ConnectLink.objects.open(now=timezone.now()).exists()


@pytest.mark.parametrize("over", [False, True])
def test_a_trip_that_has_set_out_from_it_ends_with_it(
    path: str, account: ConnectedAccount, provider: ScriptedProvider, over: bool
) -> None:
    person = set_out(path, account)
    if over:
        # The trip outlasts the link and the portal alike.
        past = timezone.now() - timedelta(seconds=1)
        ConnectLink.objects.update(expires_at=past)
        PortalLink.objects.update(expires_at=past)
    withdraw()
    page = person.come_back(code="c")
    assert (page.status_code, provider.token_calls()) == (410, [])
    assert "This link has expired" in page.content.decode()
    account.refresh_from_db()
    assert (account.status, account.status_reason) == (Status.ACTIVE, Reason.CONNECTED)


@pytest.mark.django_db(transaction=True)
def test_a_trip_whose_code_is_being_exchanged_stores_nothing(
    path: str, account: ConnectedAccount, provider: ScriptedProvider
) -> None:
    ConnectedAccount.objects.update(status=Status.REVOKED, identity_id="")
    person = set_out(path, account)

    def take_back() -> None:
        try:
            withdraw()
        finally:
            connection.close()

    provider.answer_tokens(Answer(json=tokens(2).json, before=take_back))
    assert person.come_back(code="c").status_code == 410
    account.refresh_from_db()
    assert account.status == Status.REVOKED
    assert Revocation.objects.get().payload is not None


def test_what_waits_for_the_apps_word_is_wiped_and_exchanged_for_no_answer(
    path: str, account: ConnectedAccount, project: Project, provider: ScriptedProvider
) -> None:
    app, person = App(project), set_out(path, account)
    trip = Trip(person, person.come_back(code="c").headers["Location"])
    withdraw()
    assert Verification.objects.get().held is None
    answer = app.verify(trip.url, signed_in="alice")
    assert (answer.json()["status"], provider.token_calls()) == ("failed", [])
    assert "This link has expired" in trip.follow(answer).content.decode()


def test_withdrawing_twice_does_no_harm(path: str) -> None:
    assert withdraw()
    first = PortalLink.objects.get().withdrawn_at
    assert not withdraw()
    assert PortalLink.objects.get().withdrawn_at == first


def test_a_link_that_ran_out_is_not_withdrawn(path: str) -> None:
    PortalLink.objects.update(expires_at=timezone.now())
    assert not withdraw()
    assert PortalLink.objects.get().withdrawn_at is None
