"""What a person does in her portal: disconnect and reconnect."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from connections import wording
from connections.actors import PERSON, SYSTEM
from connections.errors import StatusChanged
from connections.issuing import issue_link
from connections.models import (
    ConnectedAccount,
    ConnectLink,
    Credentials,
    Entity,
    PortalLink,
    Revocation,
    Transition,
)
from connections.notices import describe_account
from connections.operations import disable_account, revoke_account
from connections.portal import acting
from connections.refresh import revoke_due
from integrations.models import AuthConfig, Project
from tests.connections.visitor import Visitor, portal_of
from tests.making import CALLBACK_URL, connect
from tests.person import Person
from webhooks.models import Event, EventType

pytestmark = pytest.mark.django_db


@pytest.fixture
def visitor(account: ConnectedAccount) -> Visitor:
    return Visitor(portal_of(account.entity)).enter()


def unmarked(page: str) -> str:
    """Return the page without the marks around names."""
    return page.translate(dict.fromkeys(map(ord, "\u2068\u2069")))


def strangers_account(project: Project, auth_config: AuthConfig) -> ConnectedAccount:
    bob = Entity.objects.create(project=project, user_id="bob")
    return connect(auth_config=auth_config, entity=bob)


# --- Disconnect ----------------------------------------------------------------------------------


def test_asking_changes_nothing_and_says_what_will_happen(
    visitor: Visitor, account: ConnectedAccount
) -> None:
    page = visitor.page(f"{visitor.list}/{account.pk}/disconnect")
    for words in ("Disconnect Acme Notes?", "alice@example.com", "We also tell Acme Notes to end"):
        assert words in page
    assert not Revocation.objects.exists()


def test_disconnecting_ends_the_grant_here_and_at_the_provider(
    visitor: Visitor, account: ConnectedAccount
) -> None:
    told = visitor.page(visitor.do("disconnect", account.pk))
    assert "Acme Notes is disconnected." in told
    assert "Acme Notes is being told to end the access" in told
    account.refresh_from_db()
    assert (account.status, account.status_reason) == ("REVOKED", "revoked_by_person")
    assert not Credentials.objects.exists()
    assert Transition.objects.latest("pk").actor == Revocation.objects.get().requested_by == PERSON
    assert Event.objects.latest("sequence").type == EventType.REVOKED
    assert Event.objects.latest("sequence").data["reason_code"] == "revoked_by_person"
    revoke_due()
    assert "Acme Notes has confirmed that the access is over." in visitor.page()


def test_credentials_that_do_not_open_are_disconnected_and_she_is_told_what_is_left_to_do(
    visitor: Visitor, account: ConnectedAccount
) -> None:
    Credentials.objects.update(generation=7)
    page = visitor.page(f"{visitor.list}/{account.pk}/disconnect")
    assert "cannot be told by us" in page
    assert "We also tell" not in page
    told = unmarked(visitor.page(visitor.do("disconnect", account.pk)))
    assert "Acme Notes is disconnected." in told
    assert (
        "We could not end the access at Acme Notes: remove Acme Agents in your settings there."
        in told
    )
    account.refresh_from_db()
    assert (account.status, account.status_reason) == ("REVOKED", "revoked_by_person")
    assert not Credentials.objects.exists()


def test_nobody_calls_the_service_without_credentials_and_the_console_says_so(
    visitor: Visitor, account: ConnectedAccount
) -> None:
    Credentials.objects.update(generation=7)
    visitor.do("disconnect", account.pk)
    revoke_due()
    row = Revocation.objects.get()
    assert (row.attempt_count, row.error_code) == (0, "credentials_do_not_open")
    assert row.confirmed_at is None
    assert "did not open" in wording.revocation_detail(row)


def test_disconnecting_twice_does_it_once(visitor: Visitor, account: ConnectedAccount) -> None:
    first, second = (visitor.do("disconnect", account.pk) for _ in range(2))
    assert first == second
    assert Revocation.objects.count() == 1
    assert "Acme Notes is disconnected." in visitor.page(second)


@pytest.mark.django_db(transaction=True)
def test_a_double_click_does_it_once(visitor: Visitor, account: ConnectedAccount) -> None:
    cookies = visitor.client.cookies

    def press(_: int) -> int:
        client = Client()
        client.cookies = cookies
        try:
            return client.post(f"{visitor.list}/{account.pk}/disconnect").status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(press, range(3))) == [302] * 3
    assert Revocation.objects.count() == 1


def test_a_status_that_changed_meanwhile_is_looked_at_again(
    visitor: Visitor, account: ConnectedAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    stale = acting.find_account(PortalLink.objects.get(), account.pk)
    disable_account(account=account, actor=SYSTEM)
    looks = iter([stale])
    find = acting.find_account
    monkeypatch.setattr(acting, "find_account", lambda *given: next(looks, None) or find(*given))
    acting.disconnect(portal=PortalLink.objects.get(), account_id=account.pk)
    account.refresh_from_db()
    assert account.status == "REVOKED"


def test_one_that_keeps_changing_is_left_for_later(
    visitor: Visitor, account: ConnectedAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    def change(**given: object) -> None:
        raise StatusChanged

    monkeypatch.setattr(acting, "revoke_account", change)
    assert "Please try again in a moment." in visitor.page(visitor.do("disconnect", account.pk))


def test_an_account_that_the_app_revoked_meanwhile_is_told_as_it_is(
    visitor: Visitor, account: ConnectedAccount
) -> None:
    revoke_account(account=account, actor=SYSTEM)
    assert "Nothing was changed" in visitor.page(
        visitor.client.get(f"{visitor.list}/{account.pk}/disconnect").headers["Location"]
    )
    visitor.do("disconnect", account.pk)
    account.refresh_from_db()
    assert account.status_reason == "revoked_by_api"


@pytest.mark.parametrize("action", ["disconnect", "reconnect"])
def test_another_persons_account_is_as_good_as_none(
    visitor: Visitor, project: Project, auth_config: AuthConfig, action: str
) -> None:
    account = strangers_account(project, auth_config)
    links = ConnectLink.objects.count()
    for account_id in (account.pk, "ca_none"):
        told = visitor.page(visitor.do(action, account_id))
        assert "This account is not here any more." in told
    account.refresh_from_db()
    assert (account.status, ConnectLink.objects.count()) == ("ACTIVE", links)


@pytest.mark.parametrize("action", ["disconnect", "reconnect"])
def test_every_change_needs_the_forms_token_and_the_cookie(
    visitor: Visitor, account: ConnectedAccount, action: str
) -> None:
    url = f"{visitor.list}/{account.pk}/{action}"
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = visitor.client.cookies
    assert strict.post(url).status_code == 403
    assert Client().post(url).status_code == 403
    account.refresh_from_db()
    assert account.status == "ACTIVE"


# --- Reconnect -----------------------------------------------------------------------------------


def test_reconnecting_leads_to_the_service_and_back_to_the_portal(
    visitor: Visitor, account: ConnectedAccount
) -> None:
    visitor.do("disconnect", account.pk)
    person = Person(visitor.do("reconnect", account.pk))
    person.client = visitor.client
    person.set_out()
    back = person.come_back(code="c").headers["Location"]
    assert urlsplit(back).path == visitor.list
    assert "Acme Notes is connected." in visitor.page(back)
    account.refresh_from_db()
    assert (account.status, account.status_reason) == ("ACTIVE", "reconnected")
    assert Transition.objects.latest("pk").actor == PERSON


def test_whoever_declines_comes_back_too(visitor: Visitor, account: ConnectedAccount) -> None:
    person = Person(visitor.do("reconnect", account.pk))
    person.client = visitor.client
    assert "status=canceled" in visitor.page(person.path)
    person.set_out()
    page = person.come_back(error="access_denied").content.decode()
    assert "Back to your connections" in page
    assert f'href="{visitor.list}?status=failed' in page
    told = visitor.page(f"{visitor.list}?status=failed&connected_account_id={account.pk}")
    assert "Acme Notes is still connected." in told


def test_a_query_of_somebodys_making_tells_nothing_untrue(
    visitor: Visitor, account: ConnectedAccount
) -> None:
    query = f"?status=disconnected&connected_account_id={account.pk}"
    assert "is disconnected" not in visitor.page(visitor.list + query)
    assert "notice" not in visitor.page(f"{visitor.list}?status=%00&connected_account_id=%00")


def test_an_account_that_was_switched_off_is_not_hers_to_switch_on(
    visitor: Visitor, account: ConnectedAccount
) -> None:
    disable_account(account=account, actor=SYSTEM)
    assert ">Reconnect<" not in visitor.page()
    assert "cannot be connected at the moment" in visitor.page(visitor.do("reconnect", account.pk))


def test_a_config_that_is_switched_off_offers_no_way_but_out(
    visitor: Visitor, account: ConnectedAccount
) -> None:
    AuthConfig.objects.update(enabled=False)
    assert ">Reconnect<" not in visitor.page()
    visitor.do("reconnect", account.pk)
    assert not ConnectLink.objects.exists()
    visitor.do("disconnect", account.pk)
    account.refresh_from_db()
    assert account.status == "REVOKED"


def test_a_portal_is_not_where_the_next_event_leads_back_to(
    visitor: Visitor, account: ConnectedAccount
) -> None:
    now = timezone.now() - timedelta(days=1)
    issue_link(account=account, actor=SYSTEM, now=now, callback_url=CALLBACK_URL)
    visitor.do("reconnect", account.pk)
    describe_account(account, old_status=None, now=timezone.now(), reauth=True)
    last = ConnectLink.objects.latest("pk")
    assert (last.callback_url, last.portal_id) == (CALLBACK_URL, "")
