"""Who is let into a portal, and what she sees there."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from connections.actors import PERSON, SYSTEM
from connections.models import ConnectedAccount, Entity, PortalLink
from connections.operations import delete_account, disable_account, revoke_account
from connections.uses import note_use, write_uses
from integrations.models import AuthConfig, Project
from tests.connections.visitor import Visitor, portal_of
from tests.making import CALLBACK_URL, connect, initiate

pytestmark = pytest.mark.django_db

IDENTITY = "alice@example.com"


@pytest.fixture
def path(account: ConnectedAccount) -> str:
    return portal_of(account.entity)


@pytest.fixture
def visitor(path: str) -> Visitor:
    return Visitor(path).enter()


def end_visits() -> None:
    PortalLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))


# --- The door ------------------------------------------------------------------------------------


def test_looking_consumes_nothing_and_shows_nothing_of_hers(path: str) -> None:
    for _ in range(3):
        page = Client().get(path)
        assert page.status_code == 200
        assert "Acme Agents" in page.content.decode()
        assert IDENTITY not in page.content.decode()
    assert Client().head(path).status_code == 200
    assert PortalLink.objects.get().opened_at is None
    assert IDENTITY in Visitor(path).enter().page()


def test_the_cookie_is_for_the_portal_and_lasts_as_long_as_the_link(visitor: Visitor) -> None:
    cookie = visitor.client.cookies[f"evergrant_{PortalLink.objects.get().pk}"]
    assert (cookie["path"], cookie["samesite"]) == ("/connect/portal/", "Lax")
    assert cookie["httponly"]
    assert 590 <= int(cookie["max-age"]) <= 600


def test_the_cookie_goes_over_https_alone_where_there_is_https(path: str) -> None:
    client = Client()
    client.get(path, secure=True)
    assert client.cookies[f"evergrant_{PortalLink.objects.get().pk}"]["secure"]


def test_opening_needs_the_forms_token(path: str) -> None:
    assert Client(enforce_csrf_checks=True).post(path).status_code == 403
    assert PortalLink.objects.get().opened_at is None


def test_the_same_browser_comes_back_as_often_as_it_likes(visitor: Visitor) -> None:
    for _ in range(2):
        assert visitor.client.get(visitor.path).headers["Location"] == visitor.list
        assert visitor.client.post(visitor.path).headers["Location"] == visitor.list
        assert IDENTITY in visitor.page()


def test_another_browser_is_not_let_in_and_told_what_that_may_mean(visitor: Visitor) -> None:
    for response in (Client().get(visitor.path), Client().post(visitor.path)):
        assert response.status_code == 410
        page = response.content.decode()
        assert "portal_opened_elsewhere" in page
        assert f'href="{CALLBACK_URL}"' in page
        assert IDENTITY not in page


def test_another_visits_cookie_opens_nothing(visitor: Visitor, entity: Entity) -> None:
    other = Visitor(portal_of(entity)).enter()
    stolen = other.client.cookies[f"evergrant_{PortalLink.objects.latest('pk').pk}"].value
    client = Client()
    client.cookies[f"evergrant_{PortalLink.objects.earliest('pk').pk}"] = stolen
    assert client.get(visitor.list).status_code == 403


def test_the_list_is_not_open_without_the_cookie(visitor: Visitor) -> None:
    answers = [Client().get(visitor.list), Client().get("/connect/portal/pl_none/accounts")]
    assert [answer.status_code for answer in answers] == [403, 403]
    assert answers[0].content == answers[1].content


def test_a_link_that_ran_out_says_how_to_go_on(path: str) -> None:
    end_visits()
    for response in (Client().get(path), Client().post(path)):
        assert response.status_code == 410
        assert f'href="{CALLBACK_URL}"' in response.content.decode()


def test_a_visit_ends_with_its_link(visitor: Visitor, account: ConnectedAccount) -> None:
    end_visits()
    ended = visitor.client.get(visitor.list)
    assert (ended.status_code, "portal_expired" in ended.content.decode()) == (410, True)
    for action in ("disconnect", "reconnect"):
        assert visitor.do(action, account.pk) == "410"
    account.refresh_from_db()
    assert account.status == "ACTIVE"


def test_an_unknown_link_is_not_found() -> None:
    assert Client().get("/connect/portal/nothing").status_code == 404
    assert Client().post("/connect/portal/nothing").status_code == 404


@pytest.mark.django_db(transaction=True)
def test_of_two_browsers_at_once_one_opens_it(path: str) -> None:
    def press(_: int) -> int:
        try:
            return Client().post(path).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(press, range(4))) == [302, 410, 410, 410]


# --- The list ------------------------------------------------------------------------------------


def test_the_list_tells_of_each_account_in_plain_words(visitor: Visitor) -> None:
    ConnectedAccount.objects.update(scopes_granted=["notes:read", "x:unheard"])
    page = visitor.page()
    for words in ("Acme Notes", IDENTITY, "Connected", "Read your notes", "x:unheard"):
        assert words in page
    assert f'href="{CALLBACK_URL}"' in page
    assert visitor.client.get(visitor.list)["Cache-Control"].startswith("max-age=0")


def test_the_list_tells_when_an_account_was_last_used(
    visitor: Visitor, account: ConnectedAccount
) -> None:
    assert "<dt>Last used</dt><dd>not yet</dd>" in visitor.page()
    note_use(account.pk, now=timezone.now() - timedelta(hours=3))
    write_uses()
    assert "<dt>Last used</dt><dd>3 hours ago</dd>" in visitor.page().replace("\xa0", " ")


def test_an_account_that_nobody_verified_says_so(
    visitor: Visitor, account: ConnectedAccount
) -> None:
    words = "<bdi>Acme Agents</bdi> has not checked that it was you who connected this account."
    assert words in visitor.page()
    ConnectedAccount.objects.update(user_verified_at=timezone.now())
    assert words not in visitor.page()
    ConnectedAccount.objects.update(user_verified_at=None)
    revoke_account(account=account, actor=PERSON)
    assert words not in visitor.page()


def test_what_is_stored_never_becomes_markup(visitor: Visitor) -> None:
    ConnectedAccount.objects.update(identity_label="<b>hi</b>", scopes_granted=["<i>"])
    page = visitor.page()
    assert "<b>hi" not in page
    assert "<i>" not in page


def test_every_status_has_words(
    visitor: Visitor, auth_config: AuthConfig, account: ConnectedAccount
) -> None:
    initiate(auth_config=auth_config, entity=account.entity)
    paused = connect(auth_config=auth_config, entity=account.entity, alias="b")
    disable_account(account=paused, actor=SYSTEM)
    ended = connect(auth_config=auth_config, entity=account.entity, alias="c")
    revoke_account(account=ended, actor=SYSTEM)
    page = visitor.page()
    for words in ("Not connected yet", "Paused", "Disconnected", "Acme Agents disconnected it."):
        assert words in page
    assert page.count(">Reconnect<") == 1


def test_a_dead_grant_comes_first_with_the_reason(visitor: Visitor, entity: Entity) -> None:
    account = ConnectedAccount.objects.get()
    connect(auth_config=account.auth_config, entity=entity, alias="newer")
    ConnectedAccount.objects.filter(pk=account.pk).update(
        status="EXPIRED", status_reason="grant_revoked"
    )
    page = visitor.page()
    assert "The access was withdrawn at Acme Notes." in page
    assert page.index("Needs to be connected again") < page.index(">Connected<")


def test_deleted_accounts_and_those_of_others_are_not_shown(
    visitor: Visitor, auth_config: AuthConfig, project: Project
) -> None:
    delete_account(account=ConnectedAccount.objects.get(), actor=PERSON)
    bob = Entity.objects.create(project=project, user_id="bob")
    elsewhere = Project.objects.create(name="Elsewhere")
    namesake = Entity.objects.create(project=elsewhere, user_id="alice")
    for entity in (bob, namesake):
        connect(auth_config=auth_config, entity=entity)
    page = visitor.page()
    assert IDENTITY not in page
    assert "Nothing is connected" in page


def test_a_toolkit_that_the_catalog_has_lost_is_shown_by_its_slug(visitor: Visitor) -> None:
    AuthConfig.objects.update(toolkit="lost-one")
    page = visitor.page()
    assert "lost-one" in page
    assert ">Reconnect<" not in page


def test_the_pages_hold_nothing_inline(visitor: Visitor) -> None:
    page = visitor.client.get(visitor.list)
    assert "script" not in page.content.decode()
    assert "style=" not in page.content.decode()
    assert "default-src 'none'" in page["Content-Security-Policy"]
