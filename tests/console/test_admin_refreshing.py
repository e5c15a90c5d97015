"""Workers, breakers and the overview's block on refreshing, as operators see them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.admin.utils import quote
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from connections.models import Breaker, ConnectedAccount, Reason, Status, Worker
from connections.refresh.endpoints import endpoint_of
from integrations.models import AuthConfig, Project
from tests.console.staff import member, signed_in

BREAKERS = "/admin/connections/breaker/"
WORKERS = "/admin/connections/worker/"
SOON = timedelta(seconds=90)


@pytest.fixture
def client(admin_user: User) -> Client:
    return signed_in(admin_user)


def worker(*, unseen: timedelta = timedelta(0), started_by: str = "command", **facts: str) -> None:
    now = timezone.now()
    Worker.objects.create(
        name=f"web-1:7:{started_by}",
        host="web-1",
        pid=7,
        started_by=started_by,
        started_at=now,
        seen_at=now - unseen,
        **facts,
    )


def open_breaker(name: str, **facts: object) -> Breaker:
    now = timezone.now()
    given = {"opened_at": now - SOON, "open_until": now + SOON, "failures": 5} | facts
    return Breaker.objects.create(pk=name, error_code="http_503", **given)


def text(client: Client, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize(
    ("unseen", "started_by", "words"),
    [
        (2, "command", "Working"),
        (2, "job", "Working"),
        (40, "job", "Between two watches"),
        (40, "command", "Not seen for 40 s"),
        (600, "job", "Not seen for 10 min"),
    ],
)
def test_a_workers_state_is_told_in_words(
    client: Client, unseen: int, started_by: str, words: str
) -> None:
    worker(unseen=timedelta(seconds=unseen), started_by=started_by)
    assert words in text(client, WORKERS)


def test_a_worker_that_cannot_write_its_journal_says_why(client: Client) -> None:
    worker(journal_trouble="No space left on device")
    assert "No space left on device" in text(client, WORKERS)


def test_a_breaker_says_how_long_it_is_open(client: Client) -> None:
    open_breaker("https://provider.example")
    assert "Open for 1 min more" in text(client, BREAKERS)


def test_a_breaker_at_a_host_that_one_client_chose_says_whose_calls_it_keeps(
    client: Client, auth_config: AuthConfig
) -> None:
    open_breaker(endpoint_of(auth_config))
    page = text(client, BREAKERS)
    assert f"calls of {auth_config.pk} alone" in page
    assert "every auth config at this endpoint" not in page


def test_a_breaker_of_an_auth_config_goes_by_the_configs_name(
    client: Client, auth_config: AuthConfig
) -> None:
    open_breaker(auth_config.pk)
    assert auth_config.name in text(client, BREAKERS)


def test_try_now_lets_one_call_through(client: Client) -> None:
    breaker = open_breaker("https://provider.example")
    page = f"{BREAKERS}{quote(breaker.pk)}/"
    assert "Try now" in text(client, f"{page}change/")
    client.post(f"{page}do/try/")
    breaker.refresh_from_db()
    assert breaker.open_until is not None
    assert breaker.open_until <= timezone.now()
    assert breaker.opened_at is not None
    assert "next call is a trial" in text(client, BREAKERS)


def test_try_now_starts_no_second_trial(client: Client) -> None:
    until = timezone.now() + SOON
    breaker = open_breaker("https://provider.example", open_until=until, trial_until=until)
    page = f"{BREAKERS}{quote(breaker.pk)}/"
    assert "Try now" not in text(client, f"{page}change/")
    client.post(f"{page}do/try/")
    breaker.refresh_from_db()
    assert (breaker.open_until, breaker.trial_until) == (until, until)


def test_try_now_needs_its_permission(auth_config: AuthConfig) -> None:
    breaker = open_breaker(auth_config.pk)
    viewer = signed_in(
        member(auth_config.project, permissions=("connections.view_breaker",), username="vera")
    )
    assert viewer.get(f"{BREAKERS}{breaker.pk}/change/").status_code == 200
    assert viewer.post(f"{BREAKERS}{breaker.pk}/do/try/").status_code == 403


def test_a_member_sees_breakers_of_the_own_projects_endpoints_only(
    auth_config: AuthConfig,
) -> None:
    open_breaker(endpoint_of(auth_config))
    permissions = ("connections.view_breaker",)
    mine = signed_in(member(auth_config.project, permissions=permissions, username="mine"))
    other = Project.objects.create(name="Other")
    theirs = signed_in(member(other, permissions=permissions, username="theirs"))
    host = auth_config.parameters["base_url"]
    assert host in text(mine, BREAKERS)
    assert host not in text(theirs, BREAKERS)


def test_the_overview_says_that_nobody_refreshes(client: Client, account: ConnectedAccount) -> None:
    page = text(client, "/admin/")
    assert "No worker is running" in page
    assert "none, none known" in page


def test_the_overview_says_how_refreshing_goes(
    client: Client, due_account: ConnectedAccount
) -> None:
    worker()
    open_breaker("https://elsewhere.example")
    page = text(client, "/admin/")
    assert "Look at it" in page
    assert "elsewhere.example is left alone" in page
    assert "1 min" in page


def test_the_overview_keeps_it_from_those_who_may_not_see_workers(project: Project) -> None:
    browser = signed_in(member(project))
    assert "Longest overdue" not in text(browser, "/admin/")


def page_of(account: ConnectedAccount) -> str:
    return f"/admin/connections/connectedaccount/{account.pk}/change/"


def changed(account: ConnectedAccount, **facts: object) -> str:
    ConnectedAccount.objects.filter(pk=account.pk).update(**facts)
    return page_of(account)


def test_an_account_shows_the_attempt_under_way(client: Client, account: ConnectedAccount) -> None:
    facts = {"lease_id": "ra_1", "lease_started_at": timezone.now(), "lease_worker": "web-1:7"}
    page = text(client, changed(account, **facts, lease_trigger="schedule"))
    assert "Due · web-1:7" in page


def test_an_account_in_doubt_says_what_comes_of_it(
    client: Client, account: ConnectedAccount
) -> None:
    page = text(client, changed(account, in_doubt_since=timezone.now()))
    assert "A refresh was cut short" in page
    listed = client.get("/admin/connections/connectedaccount/", {"refreshing": "doubt"})
    assert [row.pk for row in listed.context["cl"].result_list] == [account.pk]


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (Reason.ROTATION_LOST, "Nobody withdrew this grant"),
        (Reason.GRANT_REVOKED, "withdrew the access"),
        (Reason.REFRESH_TOKEN_EXPIRED, "the end that the provider sets"),
    ],
)
def test_how_a_grant_ended_decides_the_next_step(
    client: Client, account: ConnectedAccount, reason: Reason, words: str
) -> None:
    page = text(client, changed(account, status=Status.EXPIRED, status_reason=reason))
    assert words in page
    assert "reconnect link" in page


def test_an_account_that_waits_for_its_provider_says_so(
    client: Client, account: ConnectedAccount
) -> None:
    open_breaker(endpoint_of(account.auth_config))
    assert "Not refreshed now: the provider fails; next call in 1 min" in text(
        client, page_of(account)
    )


def test_an_account_of_a_refused_config_says_when_it_is_tried(
    client: Client, account: ConnectedAccount
) -> None:
    now = timezone.now()
    AuthConfig.objects.update(misconfigured_since=now, calls_blocked_until=now + SOON)
    assert "the provider refuses the auth config; next call in 1 min" in text(
        client, page_of(account)
    )
    config_page = f"/admin/integrations/authconfig/{account.auth_config_id}/change/"
    assert "saving a change lets calls go out at once" in text(client, config_page)
