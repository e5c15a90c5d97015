"""The overview: each number is right, leads to its list, and is of the person's projects alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from config.dashboard import BLOCKS, dashboard
from config.dashboard.viewer import Viewer
from connections.models import (
    Breaker,
    ConnectedAccount,
    Entity,
    RefreshTally,
    Status,
    Worker,
)
from integrations.models import AuthConfig, ManagedApp, Project
from integrations.models.scoping import EVERY_PROJECT
from integrations.moments import floor
from tests.console.staff import every_permission, member, signed_in
from tests.console.world import World, make_world
from webhooks.models import Endpoint

pytestmark = pytest.mark.django_db

NOW = timezone.now()
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
# With the session, the person, her permissions, her projects, and the sidebar.
QUERIES = 22


def overview(client: Client, query: str = "") -> dict[str, Any]:
    """Return what the page is told, without the page: that costs ten times as much."""
    request = RequestFactory().get(f"/admin/{query}")
    # A client has a session as a request has.
    request.user = get_user(client)
    return dashboard(request, {})


def numbers(client: Client) -> dict[str, int]:
    return {tile.label: tile.number for tile in overview(client)["tiles"]}


def needs(client: Client) -> list[str]:
    return [item.title for item in overview(client)["attention"]]


def tally(config: AuthConfig, count: int, outcome: str = "stored", ago: timedelta = MINUTE) -> None:
    at = timezone.now() - ago
    rows: dict[str, Any] = {"project": config.project, "auth_config": config, "outcome": outcome}
    RefreshTally.objects.create(**rows, at=floor(at, MINUTE), count=count, last_at=at)


def add_accounts(world: World, status: Status, count: int, **facts: object) -> None:
    ConnectedAccount.objects.bulk_create(
        ConnectedAccount(
            project=world.project,
            entity=world.account.entity,
            auth_config=world.account.auth_config,
            toolkit="sandbox",
            status=status,
            status_changed_at=NOW,
            **facts,
        )
        for _ in range(count)
    )


@pytest.fixture
def worker(mine: World) -> None:
    """Somebody refreshes."""
    Worker.objects.update(seen_at=timezone.now())
    Breaker.objects.all().delete()


def test_each_tile_has_the_length_of_the_list_behind_it(client: Client, mine: World) -> None:
    for count, status in enumerate(Status, start=1):
        add_accounts(mine, status, count)
    add_accounts(mine, Status.ACTIVE, 2, refresh_failing_since=NOW)
    for tile in overview(client)["tiles"]:
        listed = client.get(tile.url).context["cl"].result_count
        assert listed == tile.number > 0, tile
        assert tile.change == f"+{tile.number}"


def test_each_number_of_refreshing_has_the_length_of_the_list_behind_it(
    client: Client, mine: World, theirs: World
) -> None:
    ConnectedAccount.objects.update(refresh_at=NOW - DAY)
    Breaker.objects.create(pk="at rest")
    Worker.objects.update(seen_at=timezone.now())
    gone = NOW - timedelta(minutes=10)
    facts = {"host": "h", "pid": 2, "started_by": "command", "started_at": gone}
    Worker.objects.create(pk="killed", seen_at=gone, **facts)
    everywhere = member(permissions=(*every_permission(), EVERY_PROJECT), username="eve")
    for browser in (client, signed_in(everywhere), signed_in(User.objects.create_superuser("r"))):
        shown = {fact.label: fact for fact in overview(browser)["refreshing"]}
        for label in ("Workers", "Breakers open", "Auth configs held back"):
            listed = browser.get(shown[label].url).context["cl"].result_count
            assert listed == int(shown[label].text) > 0, label


def test_of_many_open_breakers_the_others_are_in_the_list_without_those_at_rest(
    client: Client, mine: World, worker: None
) -> None:
    for number in range(9):
        facts = {"name": f"C{number}", "toolkit": "sandbox"}
        config = AuthConfig.objects.create(project=mine.project, **facts)
        Breaker.objects.create(pk=config.pk, opened_at=NOW if number else None)
    item = overview(client)["attention"][-1]
    assert item.title == "3 more breakers open"
    assert client.get(item.url).context["cl"].result_count == 8


def test_the_list_of_breakers_opens_though_the_catalog_has_lost_a_toolkit(
    client: Client, mine: World
) -> None:
    AuthConfig.objects.create(project=mine.project, name="Old", toolkit="lost")
    assert client.get("/admin/connections/breaker/").status_code == 200


def test_a_member_of_two_projects_sees_the_numbers_of_those_two(
    client: Client, mine: World, theirs: World
) -> None:
    make_world("others", "http://127.0.0.1:9")
    assert numbers(client)["Active"] == 1
    theirs.project.members.add(*mine.project.members.all())
    assert numbers(client)["Active"] == 2


def test_no_block_tells_of_another_project(client: Client, mine: World, theirs: World) -> None:
    add_accounts(theirs, Status.EXPIRED, 5)
    add_accounts(theirs, Status.ACTIVE, 5, grant_ends_at=NOW + 2 * DAY, granted_at=NOW)
    ConnectedAccount.objects.filter(project=theirs.project).update(refresh_at=NOW - DAY)
    tally(theirs.account.auth_config, 7)
    Endpoint.objects.filter(pk=theirs.endpoint.pk).update(failing_since=NOW)
    AuthConfig.objects.filter(project=theirs.project).update(misconfigured_since=NOW)
    Breaker.objects.exclude(pk=mine.account.auth_config_id).update(error_code="theirs")
    found = overview(client)
    assert found["forecast"].total == 0
    assert [total.number for total in found["chart"].totals] == [0, 0, 0]
    assert [row.name for row in found["config_health"]] == ["Config mine"]
    facts = {fact.label: fact.text for fact in found["refreshing"]}
    assert (facts["Longest overdue"], facts["Breakers open"]) == ("none", "1")
    assert [item.title for item in found["attention"]] == ["Config mine is left alone"]


BLOCK_PERMISSIONS = {
    "connections.view_connectedaccount": {"tiles", "chart", "forecast"},
    "connections.view_worker": {"refreshing", "refreshing_standing"},
    "webhooks.view_event": {"events"},
    "integrations.view_authconfig": set(),
}


@pytest.mark.parametrize("permission", BLOCK_PERMISSIONS)
def test_each_block_needs_its_permission(mine: World, permission: str) -> None:
    alone = Viewer(member(mine.project, permissions=(permission,)), now=timezone.now())
    found: set[str] = set()
    for block in BLOCKS.values():
        found |= block(alone).keys()
    assert found - {"attention", "at_ease"} == BLOCK_PERMISSIONS[permission]


def test_without_permissions_there_is_nothing(mine: World) -> None:
    browser = signed_in(member(mine.project))
    text = browser.get("/admin/").content.decode()
    assert 'class="eg-card"' not in text
    assert "eg-tile" not in text


@pytest.mark.parametrize("scoped", [True, False])
def test_more_rows_ask_no_more_questions(client: Client, mine: World, scoped: bool) -> None:
    if not scoped:
        client = signed_in(User.objects.create_superuser("root"))
    counts = []
    for number in range(2):
        Endpoint.objects.update(failing_since=NOW)
        AuthConfig.objects.update(misconfigured_since=NOW)
        ManagedApp.objects.create(name=f"App {number}", toolkit="gmail", misconfigured_since=NOW)
        ConnectedAccount.objects.update(refresh_at=NOW - DAY)
        with CaptureQueriesContext(connection) as asked:
            client.get("/admin/")
        counts.append(len(asked))
        for more in range(3):
            world = make_world(f"more {number} {more}", "http://127.0.0.1:9")
            world.project.members.add(*mine.project.members.all())
    assert counts[0] == counts[1] <= QUERIES


def test_the_blocks_have_nothing_inline(client: Client, mine: World) -> None:
    page = client.get("/admin/").content.decode()
    blocks = page[page.index('<ul class="eg-tiles"') :]
    assert not re.search(r"\sstyle=|<style|<script|\son\w+=", blocks[: blocks.rindex("</section>")])


@pytest.mark.parametrize(
    ("facts", "state"),
    [
        ({}, "No refreshes"),
        ({"stored": 10}, "Fine"),
        ({"stored": 100, "transient": 2}, "Fine"),
        ({"stored": 10, "transient": 2}, "Failing"),
        ({"terminal": 3}, "No refreshes"),
    ],
)
def test_an_auth_config_is_as_its_last_refreshes_were(
    client: Client, mine: World, worker: None, facts: dict[str, int], state: str
) -> None:
    for outcome, count in facts.items():
        tally(mine.account.auth_config, count, outcome)
    found = overview(client)
    [config], [toolkit] = found["config_health"], found["toolkit_health"]
    assert state in config.badge
    assert state in toolkit.badge
    assert (config.accounts, toolkit.accounts) == (1, 1)
    assert client.get(config.accounts_url).context["cl"].result_count == 1
    assert client.get(toolkit.accounts_url).context["cl"].result_count == 1


def test_the_worst_auth_configs_come_first(client: Client, mine: World, worker: None) -> None:
    fine = AuthConfig.objects.create(project=mine.project, name="Fine", toolkit="sandbox")
    tally(fine, 10)
    AuthConfig.objects.filter(pk=mine.account.auth_config_id).update(misconfigured_since=NOW)
    found = overview(client)
    assert [row.name for row in found["config_health"]] == ["Config mine", "Fine"]
    assert "Refused" in found["toolkit_health"][0].badge


def test_with_nothing_to_do_it_says_so(client: Client, mine: World, worker: None) -> None:
    assert needs(client) == []
    assert "All is well" in client.get("/admin/").content.decode()


def refuse(world: World) -> None:
    AuthConfig.objects.filter(project=world.project).update(
        misconfigured_since=NOW, misconfigured_error="invalid_client"
    )


def break_endpoint(world: World) -> None:
    Endpoint.objects.filter(pk=world.endpoint.pk).update(failing_since=NOW)


def disable_endpoint(world: World) -> None:
    Endpoint.objects.filter(pk=world.endpoint.pk).update(
        failing_since=NOW, enabled=False, disabled_reason="It failed for 5 days."
    )


TROUBLES: list[tuple[Callable[[World], object], str]] = [
    (lambda _: Worker.objects.all().delete(), "No worker is running"),
    (
        lambda _: ConnectedAccount.objects.update(refresh_at=NOW - timedelta(hours=1)),
        "Refreshes are late",
    ),
    (lambda _: Worker.objects.update(journal_trouble="disk"), "A journal cannot be written"),
    (refuse, "Config mine is refused"),
    (
        lambda world: Breaker.objects.create(pk=world.account.auth_config_id, opened_at=NOW),
        "Config mine is left alone",
    ),
    (break_endpoint, "mine.example.com/hook does not take events"),
    (disable_endpoint, "mine.example.com/hook is switched off"),
    (
        lambda _: ConnectedAccount.objects.update(refresh_failing_since=NOW),
        "1 account cannot be refreshed now",
    ),
    (
        lambda world: add_accounts(world, Status.EXPIRED, 2),
        "2 expired accounts wait for their users",
    ),
    (
        lambda _: ConnectedAccount.objects.update(
            grant_ends_at=NOW + 3 * DAY, granted_at=NOW - DAY
        ),
        "1 grant ends in the next 14 days",
    ),
]


@pytest.mark.parametrize(("make", "title"), TROUBLES, ids=[title for _, title in TROUBLES])
def test_what_needs_somebody_is_told_with_what_to_do_and_a_way_there(
    client: Client, mine: World, worker: None, make: Callable[[World], object], title: str
) -> None:
    make(mine)
    [item] = overview(client)["attention"]
    assert item.title == title
    assert item.advice
    assert client.get(item.url).status_code == 200


def test_what_endangers_everybody_comes_first(client: Client, mine: World, worker: None) -> None:
    refuse(mine)
    add_accounts(mine, Status.EXPIRED, 1)
    Worker.objects.all().delete()
    assert needs(client) == [
        "No worker is running",
        "Config mine is refused",
        "1 expired account waits for its user",
    ]


def test_of_many_refused_configs_the_others_are_in_the_list(
    client: Client, mine: World, worker: None
) -> None:
    AuthConfig.objects.bulk_create(
        AuthConfig(project=mine.project, name=f"C{number}", toolkit="sandbox")
        for number in range(7)
    )
    refuse(mine)
    item = overview(client)["attention"][-1]
    assert item.title == "3 more auth configs refused"
    assert client.get(item.url).context["cl"].result_count == 8


def test_a_stalled_worker_is_told_beside_one_that_works(
    client: Client, mine: World, worker: None
) -> None:
    gone = timezone.now() - timedelta(minutes=10)
    facts = {"host": "h", "pid": 2, "started_by": "command", "started_at": gone}
    Worker.objects.create(pk="killed", seen_at=gone, **facts)
    assert needs(client) == ["1 worker stopped without taking leave"]


def test_the_forecast_is_told_by_days_and_leads_to_the_accounts(
    client: Client, mine: World
) -> None:
    for days, count in [(1, 1), (5, 2), (12, 4), (20, 8)]:
        ends = timezone.now() + days * DAY
        add_accounts(mine, Status.ACTIVE, count, grant_ends_at=ends, granted_at=NOW - DAY)
    forecast = overview(client)["forecast"]
    assert [within.number for within in forecast.within] == [0, 3, 7]
    for within in forecast.within:
        assert client.get(within.url).context["cl"].result_count == within.number


def test_accounts_that_are_due_are_listed(client: Client, mine: World) -> None:
    url = "/admin/connections/connectedaccount/?refreshing=due"
    assert client.get(url).context["cl"].result_count == 0
    ConnectedAccount.objects.update(refresh_at=timezone.now() - MINUTE)
    assert client.get(url).context["cl"].result_count == 1


def test_an_empty_installation_shows_the_first_steps(admin_user: User) -> None:
    found = overview(signed_in(admin_user))
    assert [step.done for step in found["first_steps"]] == [False] * 5
    assert all(step.url for step in found["first_steps"] if "account" not in step.title)
    assert "tiles" not in found
    assert "chart" not in found


def test_a_project_without_accounts_shows_what_is_done_already(mine: World) -> None:
    project = Project.objects.create(name="New")
    AuthConfig.objects.create(project=project, name="Notes", toolkit="sandbox")
    Worker.objects.update(seen_at=timezone.now())
    browser = signed_in(member(project, permissions=every_permission()))
    steps = overview(browser)["first_steps"]
    assert [step.done for step in steps] == [True, True, False, True, False]
    assert browser.get(steps[2].url).status_code == 200


def test_the_first_account_ends_the_first_steps(client: Client, mine: World) -> None:
    Entity.objects.create(project=mine.project, user_id="second")
    found = overview(client)
    assert "first_steps" not in found
    assert found["tiles"]
