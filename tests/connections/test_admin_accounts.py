"""The list of accounts, as operators use it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client, RequestFactory
from pytest_django import DjangoAssertNumQueries

from connections.admin.accounts import ConnectedAccountAdmin
from connections.models import ConnectedAccount, Entity
from integrations import counting
from integrations.admin import places, searching
from integrations.models import AuthConfig, Project
from tests.console.staff import member, signed_in
from tests.making import connect

LIST = "/admin/connections/connectedaccount/"
VIEW = "connections.view_connectedaccount"


@pytest.fixture
def client(admin_user: User) -> Client:
    return signed_in(admin_user)


@pytest.fixture
def many(auth_config: AuthConfig, project: Project, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Ten accounts, of which four fit on a page."""
    monkeypatch.setattr(ConnectedAccountAdmin, "list_per_page", 4)
    entities = [Entity.objects.create(project=project, user_id=f"user-{n}") for n in range(10)]
    return [connect(auth_config=auth_config, entity=entity).pk for entity in entities]


def listed(client: Client, **query: str) -> set[str]:
    """Return the ids of the accounts that the list shows."""
    rows = client.get(LIST, query).context["cl"].result_list
    return {row.pk for row in rows}


@pytest.mark.parametrize("words", ["alice", "alice@example.com", "ALICE@EX", " alice ", "7"])
def test_a_search_finds_an_account(client: Client, account: ConnectedAccount, words: str) -> None:
    assert listed(client, q=words) == {account.pk}


def test_a_search_finds_an_account_by_its_id(client: Client, account: ConnectedAccount) -> None:
    assert listed(client, q=account.pk) == {account.pk}
    assert listed(client, q=account.pk[:12]) == {account.pk}
    assert listed(client, q="nobody") == set()


def test_a_search_keeps_to_the_filters(client: Client, account: ConnectedAccount) -> None:
    assert listed(client, q="alice", status="ACTIVE") == {account.pk}
    assert listed(client, q="alice", status="EXPIRED") == set()


def test_a_search_that_finds_too_many_says_so(
    client: Client, account: ConnectedAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "MOST_FOUND", 0)
    assert "More than 0 begin like that" in client.get(LIST, {"q": "ca_"}).content.decode()


def test_each_way_of_the_search_has_an_index(account: ConnectedAccount, rf: RequestFactory) -> None:
    # Of a few rows, one way is as good as another.
    names = [f"user-{number}" for number in range(1000)]
    others = [Entity(project=account.project, user_id=name) for name in names]
    Entity.objects.bulk_create(others)
    ConnectedAccount.objects.bulk_create(
        ConnectedAccount(
            project=account.project,
            auth_config=account.auth_config,
            toolkit=account.toolkit,
            entity=entity,
            alias=entity.user_id,
            identity_id=entity.user_id,
            identity_label=entity.user_id,
            status_changed_at=account.created_at,
        )
        for entity in others
    )
    page: Any = admin.site.get_model_admin(ConnectedAccount)
    request = rf.get(LIST)
    request.user = User(is_superuser=True)
    with connection.cursor() as cursor:
        # Else it goes by what it saw when the tables were empty, where it has looked by itself.
        cursor.execute("ANALYZE connections_connectedaccount, connections_entity")
        cursor.execute("SET LOCAL enable_seqscan = off")
        # All accounts are of one auth config, and this is a way to it too.
        cursor.execute("DROP INDEX account_by_config")
    for way in page.ways(request, "x"):
        plan = ConnectedAccount.objects.order_by().filter(way).values("pk").explain()
        assert re.search(r"Index Cond: .*'[xX]'", plan), plan


def test_a_long_list_is_not_sorted(
    client: Client, account: ConnectedAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "expires_at" in str(client.get(LIST, {"o": "4"}).context["cl"].queryset.query.order_by)
    monkeypatch.setattr(counting, "EXACT_UP_TO", 0)
    page = client.get(LIST, {"o": "4"})
    assert tuple(page.context["cl"].queryset.query.order_by) == ("-id",)
    assert "filter this first" in page.content.decode()


def test_a_long_list_says_about_how_long_it_is(
    client: Client, many: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "COUNTED", 1)
    assert "≈" in client.get(LIST).content.decode()


def pages(client: Client, **query: str) -> list[list[str]]:
    """Return the keys of every page, walked by the link to the next one."""
    shown = client.get(LIST, query).context["cl"]
    found = [[row.pk for row in shown.result_list]]
    while shown.older_url:
        shown = client.get(f"{LIST}{shown.older_url}").context["cl"]
        found.append([row.pk for row in shown.result_list])
    return found


def newest_first(keys: list[str]) -> list[list[str]]:
    ordered = sorted(keys, reverse=True)
    return [ordered[start : start + 4] for start in range(0, len(ordered), 4)]


@pytest.mark.parametrize("query", [{}, {"status": "ACTIVE"}, {"q": "user"}, {"toolkit": "sandbox"}])
def test_the_pages_of_the_list_are_walked_by_links(
    client: Client, many: list[str], query: dict[str, str]
) -> None:
    assert pages(client, **query) == newest_first(many)


def test_each_order_can_be_walked(client: Client, many: list[str]) -> None:
    assert pages(client, o="6") == [keys[::-1] for keys in _from_the_end(many)]
    for order in ("4", "-4", "5", "-5"):
        walked = [pk for keys in pages(client, o=order) for pk in keys]
        assert sorted(walked) == sorted(many)


def _from_the_end(keys: list[str]) -> list[list[str]]:
    ordered = sorted(keys)
    return [ordered[start : start + 4][::-1] for start in range(0, len(ordered), 4)]


def test_the_way_back_leads_to_the_beginning(client: Client, many: list[str]) -> None:
    second = client.get(f"{LIST}{client.get(LIST).context['cl'].older_url}").context["cl"]
    first = client.get(f"{LIST}{second.newer_url}").context["cl"]
    assert [row.pk for row in first.result_list] == newest_first(many)[0]
    assert (first.newer_url, first.first_url) == ("", "")


def test_links_of_filters_and_columns_lead_to_a_first_page(client: Client, many: list[str]) -> None:
    second = client.get(f"{LIST}{client.get(LIST).context['cl'].older_url}")
    urls = [way.url for way in second.context["cl"].ways()]
    assert not any("p=" in url for url in urls)


def test_a_member_of_two_projects_walks_both_as_one_list(
    many: list[str], auth_config: AuthConfig, project: Project
) -> None:
    other = Project.objects.create(name="Other")
    theirs = AuthConfig.objects.create(project=other, name="Notes", toolkit="sandbox")
    entity = Entity.objects.create(project=other, user_id="user-9")
    keys = [connect(auth_config=theirs, entity=entity, alias=str(n)).pk for n in range(3)]
    hidden = Project.objects.create(name="Hidden")
    AuthConfig.objects.create(project=hidden, name="Notes", toolkit="sandbox")
    both = signed_in(member(project, other, permissions=(VIEW,)))
    assert pages(both) == newest_first([*many, *keys])
    one = signed_in(member(other, permissions=(VIEW,), username="one"))
    assert pages(one) == newest_first(keys)


def test_deleted_accounts_are_listed_only_when_asked_for(
    client: Client, account: ConnectedAccount
) -> None:
    client.post(f"{LIST}{account.pk}/do/delete/")
    assert listed(client) == set()
    assert listed(client, status="DELETED") == {account.pk}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("status", "ACTIVE"),
        ("reason", "connected"),
        ("toolkit", "sandbox"),
        ("refreshing", "fine"),
        ("age", "1"),
        ("age", "7"),
    ],
)
def test_filters_narrow_the_list(
    client: Client, account: ConnectedAccount, name: str, value: str
) -> None:
    other = {
        "status": "EXPIRED",
        "reason": "enabled",
        "toolkit": "",
        "refreshing": "failing",
        "age": "older",
    }
    assert listed(client, **{name: value}) == {account.pk}
    if other[name]:
        assert listed(client, **{name: other[name]}) == set()


def test_what_people_look_for_is_a_click_away(client: Client, account: ConnectedAccount) -> None:
    shown = client.get(LIST, {"status": "EXPIRED", "toolkit": "sandbox", "q": "alice"})
    chosen = [way.label for way in shown.context["cl"].ways() if way.chosen]
    narrowed = {way.what: way.label for way in shown.context["cl"].narrowed_by()}
    assert chosen == ["Expired"]
    assert narrowed == {"Toolkit": "Acme Notes", "Search": "alice"}


def test_each_filter_in_use_can_be_taken_away(client: Client, account: ConnectedAccount) -> None:
    shown = client.get(LIST, {"reason": "enabled", "status": "ACTIVE"}).context["cl"]
    [chip] = shown.narrowed_by()
    assert listed(client) == {account.pk}
    assert [row.pk for row in client.get(f"{LIST}{chip.url}").context["cl"].result_list] == [
        account.pk
    ]


def test_the_list_tells_identity_toolkit_entity_status_and_token(
    client: Client, account: ConnectedAccount
) -> None:
    text = client.get(LIST).content.decode()
    for said in ("alice@example.com", "Acme Notes", "eg-mark", "Active", "Refreshed "):
        assert said in text


def test_the_list_asks_the_database_as_often_for_many_as_for_one(
    client: Client,
    account: ConnectedAccount,
    auth_config: AuthConfig,
    project: Project,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    with django_assert_max_num_queries(12) as one:
        client.get(LIST)
    for number in range(10):
        entity = Entity.objects.create(project=project, user_id=f"user-{number}")
        connect(auth_config=auth_config, entity=entity)
    with django_assert_max_num_queries(len(one.captured_queries)):
        client.get(LIST)


def test_the_list_reads_no_credentials(
    client: Client,
    account: ConnectedAccount,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    with django_assert_max_num_queries(20) as asked:
        client.get(LIST)
    assert not any("connections_credentials" in query["sql"] for query in asked.captured_queries)


def test_the_overview_links_each_number_to_the_accounts_behind_it(
    client: Client, account: ConnectedAccount
) -> None:
    tiles = {tile.label: tile for tile in client.get("/admin/").context["tiles"]}
    assert tiles["Active"].number == 1
    assert len(client.get(tiles["Active"].url).context["cl"].result_list) == 1
    assert tiles["Expired"].number == 0
