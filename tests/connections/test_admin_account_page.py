"""One account's page: how it stands and why, what to do, and what happened."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from connections import uses
from connections.actors import SYSTEM, operator
from connections.admin.diagnosis import Diagnosis
from connections.models import (
    ConnectAttempt,
    ConnectedAccount,
    Proof,
    ProofOutcome,
    Reason,
    RefreshAttempt,
    RefreshOutcome,
    Status,
)
from connections.notices import tell
from connections.operations import (
    disable_account,
    reconnect_account,
    revoke_account,
)
from connections.refresh import refresh_due
from integrations.models import AuthConfig, Project
from tests.console.staff import every_permission, member, signed_in
from tests.provider import Answer, ScriptedProvider
from webhooks.endpoints import create_endpoint
from webhooks.models import EventType

LIST = "/admin/connections/connectedaccount/"
REFUSED = Answer(status=400, json={"error": "invalid_grant"})


@pytest.fixture
def client(admin_user: User) -> Client:
    return signed_in(admin_user)


def page(client: Client, account: ConnectedAccount, **query: str) -> Any:
    """Return what the account's page shows."""
    answer = client.get(f"{LIST}{account.pk}/change/", query)
    assert answer.status_code == 200
    return answer.context


def text(client: Client, account: ConnectedAccount, **query: str) -> str:
    return client.get(f"{LIST}{account.pk}/change/", query).content.decode()


def attempt(account: ConnectedAccount, **facts: object) -> RefreshAttempt:
    now = timezone.now()
    given = {"generation": 1, "started_at": now, "finished_at": now}
    return RefreshAttempt.objects.create(
        project=account.project,
        account=account,
        trigger="schedule",
        worker="w",
        **given | {"outcome": RefreshOutcome.STORED} | facts,
    )


def died(account: ConnectedAccount, provider: ScriptedProvider) -> ConnectedAccount:
    """Have the provider refuse the refresh token."""
    provider.answer_tokens(REFUSED)
    refresh_due()
    account.refresh_from_db()
    assert account.status == Status.EXPIRED
    return account


# --- Why, and what to do -------------------------------------------------------------------------


def test_a_healthy_account_says_that_all_is_well(client: Client, account: ConnectedAccount) -> None:
    shown = page(client, account)
    assert shown["diagnosis"] is None
    assert shown["well_being"].startswith("All is well. Refreshed ")


def test_a_dead_grant_is_told_with_the_providers_answer_and_what_it_means(
    client: Client, due_account: ConnectedAccount, provider: ScriptedProvider
) -> None:
    died(due_account, provider)
    found: Diagnosis = page(client, due_account)["diagnosis"]
    steps = [step.text for step in found.steps]
    assert (found.title, found.operation) == ("Why did this break?", "link")
    assert found.verdict == "The grant was withdrawn at Acme Notes."
    assert "Acme Notes refused the refresh token with invalid_grant, HTTP 400." in steps
    assert "or changed the password, after an administrator" in text(client, due_account)


def test_the_next_step_has_its_button_beside_it(
    client: Client, due_account: ConnectedAccount, provider: ScriptedProvider
) -> None:
    said = text(client, died(due_account, provider))
    what_to_do = said.partition("What to do")[2].partition("</section>")[0]
    assert "Get reconnect link" in what_to_do
    assert "/do/link/" in what_to_do


def test_whether_the_app_was_told_is_part_of_it(
    client: Client, due_account: ConnectedAccount, provider: ScriptedProvider
) -> None:
    create_endpoint(project=due_account.project, url="http://127.0.0.1:9/hook")
    said = text(client, died(due_account, provider))
    assert "The app was told at 0 of 1 endpoints so far." in said


def test_a_lost_rotation_names_the_killed_worker(client: Client, account: ConnectedAccount) -> None:
    attempt(account, outcome=RefreshOutcome.IN_DOUBT, finished_at=None)
    attempt(account, outcome=RefreshOutcome.TERMINAL, error_code="invalid_grant", http_status=400)
    ConnectedAccount.objects.update(status=Status.EXPIRED, status_reason=Reason.ROTATION_LOST)
    said = text(client, account)
    assert "A worker was killed while it asked Acme Notes for new tokens" in said
    assert "Nobody withdrew this grant" in said


def test_failures_in_a_row_are_one_step(client: Client, account: ConnectedAccount) -> None:
    for _ in range(3):
        attempt(account, outcome=RefreshOutcome.TRANSIENT, error_code="http_503", http_status=503)
    ConnectedAccount.objects.update(
        refresh_failing_since=timezone.now() - timedelta(minutes=8), refresh_failures=3
    )
    steps = [step.text for step in page(client, account)["diagnosis"].steps]
    assert "Refreshing failed 3 times: http_503." in steps


def test_what_came_before_the_last_good_refresh_is_no_cause(
    client: Client, account: ConnectedAccount
) -> None:
    attempt(account, outcome=RefreshOutcome.TRANSIENT, error_code="http_503", http_status=503)
    attempt(account)
    ConnectedAccount.objects.update(status=Status.EXPIRED, status_reason=Reason.GRANT_REVOKED)
    assert not any("http_503" in step.text for step in page(client, account)["diagnosis"].steps)


def test_a_refused_client_is_no_accounts_fault(client: Client, account: ConnectedAccount) -> None:
    AuthConfig.objects.update(
        misconfigured_since=timezone.now(), misconfigured_error="invalid_client"
    )
    ConnectedAccount.objects.update(refresh_failing_since=timezone.now())
    said = text(client, account)
    assert "No account is at fault" in said
    assert "began to refuse the client: invalid_client" in said


def test_a_proof_that_was_refused_is_a_cause(client: Client, account: ConnectedAccount) -> None:
    now = timezone.now()
    Proof.objects.create(
        project=account.project,
        account=account,
        outcome=ProofOutcome.REFUSED,
        asked_by="worker",
        generation=1,
        http_status=401,
        error_code="invalid_token",
        first_at=now,
        last_at=now,
    )
    ConnectedAccount.objects.update(status=Status.EXPIRED, status_reason=Reason.PROBE_REJECTED)
    steps = [step.text for step in page(client, account)["diagnosis"].steps]
    assert "Acme Notes refused the access token: invalid_token, HTTP 401." in steps


def test_a_disabled_account_says_who_and_offers_to_enable_it(
    client: Client, account: ConnectedAccount, admin_user: User
) -> None:
    disable_account(account=account, actor=operator(admin_user), note="Asked by phone")
    found = page(client, account)["diagnosis"]
    assert (found.title, found.operation) == ("Why is it disabled?", "enable")
    assert found.steps[-1].meaning.startswith("By Operator admin")


def test_a_revoked_account_says_how_far_the_provider_is(
    client: Client, account: ConnectedAccount
) -> None:
    revoke_account(account=account, actor=SYSTEM)
    assert "Revoking at the provider." in [
        step.text for step in page(client, account)["diagnosis"].steps
    ]


def test_an_end_that_is_foreseen_is_told(client: Client, account: ConnectedAccount) -> None:
    ConnectedAccount.objects.update(grant_ends_at=timezone.now() + timedelta(days=6, minutes=1))
    found = page(client, account)["diagnosis"]
    assert (found.advice, found.operation) == (
        "The grant ends in 6 d. The person can reconnect it before.",
        "link",
    )


def test_an_overdue_refresh_points_at_the_workers(
    client: Client, account: ConnectedAccount
) -> None:
    ConnectedAccount.objects.update(refresh_at=timezone.now() - timedelta(minutes=8))
    assert "It is due for 8 min. Look at the workers" in text(client, account)


# --- The timeline --------------------------------------------------------------------------------


def titles(client: Client, account: ConnectedAccount, **query: str) -> list[str]:
    return [entry.title for entry in page(client, account, **query)["timeline"]]


def test_links_say_what_became_of_them(client: Client, account: ConnectedAccount) -> None:
    now = timezone.now()
    never = reconnect_account(account=account, actor=SYSTEM).link
    never.expires_at = now
    never.save()
    opened = reconnect_account(account=account, actor=SYSTEM).link
    ConnectAttempt.objects.create(
        project=account.project,
        link=opened,
        auth_config=account.auth_config,
        state_digest="d",
        redirect_uri="https://x",
        expires_at=now,
        outcome=Reason.CONSENT_DENIED,
    )
    assert titles(client, account, kinds="link") == ["Link opened", "Link never opened"]
    assert "the person declined at the provider" in text(client, account, kinds="link")


def test_events_that_change_no_status_have_their_place(
    client: Client, account: ConnectedAccount
) -> None:
    now = timezone.now()
    tell(account=account, type=EventType.REFRESH_FAILING, now=now, error_code="http_503")
    assert titles(client, account)[0] == "The app is told that refreshing fails"


def test_uses_are_one_entry_where_the_last_one_was(
    client: Client, account: ConnectedAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uses, "_counted", uses._Counted())
    for _ in range(3):
        uses.note_use(account.pk, now=timezone.now())
    uses.write_uses()
    assert titles(client, account)[0] == "Used 3 times"
    last = page(client, account)["timeline"][0].cursor
    assert "Used 3 times" not in titles(client, account, before=last)


def test_what_staff_did_is_told_once_beside_changes_of_status(
    client: Client, account: ConnectedAccount
) -> None:
    client.post(f"{LIST}{account.pk}/do/disable/")
    client.post(f"{LIST}{account.pk}/do/disable/")
    assert titles(client, account)[:2] == ["Disable: refused", "Disabled"]
    assert titles(client, account, kinds="staff") == ["Disable: refused", "Disable"]


def test_what_staff_did_is_for_those_who_may_read_the_trail(
    client: Client, account: ConnectedAccount, project: Project
) -> None:
    for _ in range(2):
        client.post(f"{LIST}{account.pk}/do/disable/")
    others = tuple(name for name in every_permission() if "auditentry" not in name)
    browser = signed_in(member(project, permissions=others))
    shown = page(browser, account, kinds="staff")
    assert "Staff" not in [title for _, title, _ in shown["timeline_tabs"]]
    assert not any("refused" in entry.title for entry in shown["timeline"])


# --- What it costs -------------------------------------------------------------------------------


def test_the_page_asks_the_database_as_often_however_much_happened(
    client: Client,
    due_account: ConnectedAccount,
    provider: ScriptedProvider,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    died(due_account, provider)
    with django_assert_max_num_queries(40) as once:
        page(client, due_account)
    for _ in range(20):
        reconnect_account(account=due_account, actor=SYSTEM)
        attempt(due_account, outcome=RefreshOutcome.TRANSIENT)
        tell(account=due_account, type=EventType.REFRESH_FAILING, now=timezone.now())
    with django_assert_max_num_queries(len(once.captured_queries) + 1):
        page(client, due_account)


# --- Facts ---------------------------------------------------------------------------------------


def test_a_page_tells_of_failures_and_of_the_end_of_the_grant(
    client: Client, account: ConnectedAccount
) -> None:
    now = timezone.now()
    facts = {"refresh_failures": 3, "probe_failures": 2, "refresh_failing_since": now}
    rows = ConnectedAccount.objects.filter(pk=account.pk)
    rows.update(**facts, grant_ends_at=now + timedelta(days=9, minutes=1), last_verified_at=now)
    text = client.get(f"{LIST}{account.pk}/change/").content.decode()
    for said in ("3 in a row", "2 in a row", "in 9 d", "Grant ends (forecast)", "Last verified"):
        assert said in text


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
    for number in range(60):
        attempt(account, outcome=RefreshOutcome.TRANSIENT, generation=number)
    first = page(client, account)
    second = page(client, account, before=first["timeline_more"])
    ids = [entry.id for shown in (first, second) for entry in shown["timeline"]]
    assert (len(first["timeline"]), len(second["timeline"])) == (50, 12)
    assert len(set(ids)) == 62


def test_refreshes_that_succeeded_are_one_line(client: Client, account: ConnectedAccount) -> None:
    for _ in range(3):
        attempt(account, count=20)
    titles = [entry.title for entry in page(client, account)["timeline"]]
    assert titles == ["Refreshed 60 times", "Connected", "Invited"]


def test_a_folded_line_continues_where_it_ended(client: Client, account: ConnectedAccount) -> None:
    for _ in range(60):
        attempt(account)
    first = page(client, account)
    second = page(client, account, before=first["timeline_more"])
    titles = [entry.title for shown in (first, second) for entry in shown["timeline"]]
    assert titles == ["Refreshed 50 times", "Refreshed 10 times", "Connected", "Invited"]


def test_the_timeline_can_be_narrowed_to_changes_of_status(
    client: Client, account: ConnectedAccount
) -> None:
    entries = page(client, account, kinds="status")["timeline"]
    assert {str(entry.kind) for entry in entries} == {"transition"}


def test_an_account_is_not_changed_through_djangos_form(
    client: Client, account: ConnectedAccount
) -> None:
    assert client.post(f"{LIST}{account.pk}/change/", {"alias": "x"}).status_code == 403
    assert client.post(f"{LIST}{account.pk}/delete/", {"post": "yes"}).status_code == 403
    account.refresh_from_db()
    assert (account.alias, account.status) == ("", Status.ACTIVE)
