"""The list of accounts and the page of one, as operators use them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client, RequestFactory
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from connections.actors import operator
from connections.models import ConnectedAccount, Entity, RefreshAttempt, RefreshOutcome, Status
from connections.operations import disable_account
from integrations import counting
from integrations.admin import searching
from integrations.models import AuthConfig, Project
from tests.console.staff import signed_in
from tests.making import connect

LIST = "/admin/connections/connectedaccount/"


@pytest.fixture
def client(admin_user: User) -> Client:
    return signed_in(admin_user)


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


INDEXES = (
    "connections_connectedaccount_",
    "entity_user_id_begins",
    "account_by_label",
    "account_by_alias",
    "account_by_identity",
)


def test_each_way_of_the_search_has_an_index(account: ConnectedAccount, rf: RequestFactory) -> None:
    page: Any = admin.site.get_model_admin(ConnectedAccount)
    request = rf.get(LIST)
    request.user = User(is_superuser=True)
    for way, index in zip(page.ways(request, "x"), INDEXES, strict=True):
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
        plan = ConnectedAccount.objects.order_by().filter(way).values("pk").explain()
        assert "Index Cond" in plan.partition(index)[2], plan


def test_a_long_list_is_not_sorted(
    client: Client, account: ConnectedAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "expires_at" in str(client.get(LIST, {"o": "4"}).context["cl"].queryset.query.order_by)
    monkeypatch.setattr(counting, "EXACT_UP_TO", 0)
    page = client.get(LIST, {"o": "4"})
    assert tuple(page.context["cl"].queryset.query.order_by) == ("-id",)
    assert "filter this first" in page.content.decode()


def test_a_long_list_says_how_much_of_it_is_listed(
    client: Client, account: ConnectedAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "EXACT_UP_TO", 0)
    assert "are listed, filter or search for the others" in client.get(LIST).content.decode()


def test_a_page_tells_of_failures_and_of_the_end_of_the_grant(
    client: Client, account: ConnectedAccount
) -> None:
    now = timezone.now()
    facts = {"refresh_failures": 3, "probe_failures": 2, "refresh_failing_since": now}
    rows = ConnectedAccount.objects.filter(pk=account.pk)
    rows.update(**facts, grant_ends_at=now + timedelta(days=9, minutes=1), last_verified_at=now)
    text = client.get(f"{LIST}{account.pk}/change/").content.decode()
    for said in ("3 in a row", "2 in a row", "in 9 d", "Grant ends (forecast)", "Last proven"):
        assert said in text


def test_a_page_behind_what_a_list_holds_is_the_last_one(
    client: Client, account: ConnectedAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "EXACT_UP_TO", 1)
    page = client.get(LIST, {"p": "900000"})
    assert page.context["cl"].page_num == 1


def test_deleted_accounts_are_listed_only_when_asked_for(
    client: Client, account: ConnectedAccount
) -> None:
    client.post(f"{LIST}{account.pk}/do/delete/")
    assert listed(client) == set()
    assert listed(client, status="DELETED") == {account.pk}


@pytest.mark.parametrize(
    ("name", "value"),
    [("status", "ACTIVE"), ("reason", "connected"), ("toolkit", "sandbox"), ("refreshing", "fine")],
)
def test_filters_narrow_the_list(
    client: Client, account: ConnectedAccount, name: str, value: str
) -> None:
    other = {"status": "EXPIRED", "reason": "enabled", "toolkit": "", "refreshing": "failing"}
    assert listed(client, **{name: value}) == {account.pk}
    if other[name]:
        assert listed(client, **{name: other[name]}) == set()


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


def test_the_page_tells_when_the_token_expires_and_what_was_not_granted(
    client: Client, account: ConnectedAccount
) -> None:
    ConnectedAccount.objects.filter(pk=account.pk).update(
        expires_at=timezone.now() + timedelta(minutes=4, seconds=30),
        scopes_requested=["openid", "notes:read"],
        scopes_granted=["openid"],
    )
    page = client.get(f"{LIST}{account.pk}/change/").content.decode()
    assert "in 4 min" in page
    assert '<code class="eg-chip">notes:read</code>' in page


def test_a_failing_refresh_is_told_with_what_to_do(
    client: Client, account: ConnectedAccount
) -> None:
    ConnectedAccount.objects.filter(pk=account.pk).update(
        refresh_failing_since=timezone.now() - timedelta(minutes=8), refresh_failures=3
    )
    page = client.get(f"{LIST}{account.pk}/change/").content.decode()
    assert "Refreshing has failed for 8 min (3 times in a row)" in page


def test_the_timeline_names_the_cause_the_actor_and_the_event(
    client: Client, account: ConnectedAccount, admin_user: User
) -> None:
    disable_account(account=account, actor=operator(admin_user), note="Asked by <b>phone</b>")
    page = client.get(f"{LIST}{account.pk}/change/").content.decode()
    event = account.transitions.latest("id").event_id
    assert "An operator disabled it: Asked by &lt;b&gt;phone&lt;/b&gt;" in page
    assert f"Operator {admin_user.username}" in page
    assert event in page


def test_the_timeline_comes_in_pages(client: Client, account: ConnectedAccount) -> None:
    now = timezone.now()
    for number in range(60):
        RefreshAttempt.objects.create(
            project=account.project,
            account=account,
            trigger="schedule",
            worker="w",
            generation=number,
            started_at=now,
            finished_at=now,
            outcome=RefreshOutcome.STORED,
        )
    first = client.get(f"{LIST}{account.pk}/change/").context
    second = client.get(f"{LIST}{account.pk}/change/", {"before": first["timeline_more"]}).context
    ids = [entry.id for page in (first, second) for entry in page["timeline"]]
    assert (len(first["timeline"]), len(second["timeline"])) == (50, 12)
    assert len(set(ids)) == 62


def test_the_timeline_can_be_narrowed_to_changes_of_status(
    client: Client, account: ConnectedAccount
) -> None:
    entries = client.get(f"{LIST}{account.pk}/change/", {"kinds": "status"}).context["timeline"]
    assert {str(entry.kind) for entry in entries} == {"transition"}


def test_an_account_is_not_changed_through_djangos_form(
    client: Client, account: ConnectedAccount
) -> None:
    assert client.post(f"{LIST}{account.pk}/change/", {"alias": "x"}).status_code == 403
    assert client.post(f"{LIST}{account.pk}/delete/", {"post": "yes"}).status_code == 403
    account.refresh_from_db()
    assert (account.alias, account.status) == ("", Status.ACTIVE)


def test_the_overview_links_each_number_to_the_accounts_behind_it(
    client: Client, account: ConnectedAccount
) -> None:
    tiles = {tile.label: tile for tile in client.get("/admin/").context["tiles"]}
    assert tiles["Active"].number == 1
    assert len(client.get(tiles["Active"].url).context["cl"].result_list) == 1
    assert tiles["Expired"].number == 0
