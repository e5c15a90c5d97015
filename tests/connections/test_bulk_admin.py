"""Bulk work in the admin: from the list over the page in between to the job, and who may."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from connections.bulk import running
from connections.models import BulkItem, BulkJob, ConnectedAccount, Status, Worker
from connections.models.bulk import JobState, Kind
from integrations.models import AuditEntry, AuthConfig, Project
from tests.bulk import crowd, fresh, start, start_on, work
from tests.bulk_pages import INCIDENT, LIST, chosen, job_page, lacking
from tests.console.staff import every_permission, member, signed_in

pytestmark = pytest.mark.django_db

KINDS = {
    "refresh": "connections.refresh_connectedaccount",
    "revoke": "connections.revoke_connectedaccount",
    "link": "connections.link_connectedaccount",
}


@pytest.fixture
def browser(mel: User) -> Client:
    return signed_in(mel)


# --- From the list -------------------------------------------------------------------------------


def test_the_page_in_between_says_what_will_happen_to_how_many(
    browser: Client, auth_config: AuthConfig
) -> None:
    accounts = crowd(auth_config, 2)
    text = browser.post(LIST, chosen(*accounts, action="revoke")).content.decode()
    assert "Revoke 2 accounts?" in text
    assert "Only the person can bring it back" in text
    assert not BulkJob.objects.exists()


@pytest.mark.parametrize("kind", KINDS)
def test_confirming_starts_a_job_and_leads_to_it(
    browser: Client, account: ConnectedAccount, kind: str
) -> None:
    data = chosen(account, note="Laptop stolen", job_id="bj_" + "1" * 22)
    answer = browser.post(f"{LIST}bulk/{kind}/", data)
    job = BulkJob.objects.get()
    assert answer["Location"] == job_page(job)
    assert (job.kind, job.note, job.total) == (kind, "Laptop stolen", 1)
    entry = AuditEntry.objects.get(action=f"bulk-{kind}")
    assert (entry.outcome, entry.note, entry.subject_id) == ("begun", "Laptop stolen", job.pk)


def test_a_form_that_is_sent_twice_starts_one_job(
    browser: Client, account: ConnectedAccount
) -> None:
    data = chosen(account, job_id="bj_" + "1" * 22)
    first, second = (browser.post(f"{LIST}bulk/link/", data) for _ in range(2))
    assert first["Location"] == second["Location"]
    assert BulkJob.objects.count() == BulkItem.objects.count() == 1


def test_all_that_match_a_filter(browser: Client, auth_config: AuthConfig) -> None:
    first, second = crowd(auth_config, 2)
    ConnectedAccount.objects.filter(pk=second.pk).update(alias="spare")
    query = "?status=ACTIVE&project__id__exact=" + auth_config.project_id
    data = chosen(first, action="link", select_across="1")
    text = browser.post(f"{LIST}{query}", data).content.decode()
    assert "2 accounts?" in text
    assert "Status: Active" in text
    browser.post(f"{LIST}bulk/link/{query}", {"whole": "yes"})
    job = BulkJob.objects.get()
    assert job.facts == {"status": "ACTIVE", "project": auth_config.project_id}
    assert job.total == 2


def test_all_that_a_search_finds(browser: Client, auth_config: AuthConfig) -> None:
    crowd(auth_config, 3)
    browser.post(f"{LIST}bulk/link/?q=user-1", {"whole": "yes"})
    assert BulkItem.objects.get().account.entity.user_id == "user-1"


def test_all_that_a_search_finds_is_more_than_the_list_shows(
    browser: Client, auth_config: AuthConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("integrations.admin.searching.MOST_FOUND", 2)
    [first, *_] = crowd(auth_config, 3)
    assert "More than 2 begin like that" in browser.get(f"{LIST}?q=user-").content.decode()
    data = chosen(first, action="revoke", select_across="1")
    text = browser.post(f"{LIST}?q=user-", data).content.decode()
    assert "Revoke 3 accounts?" in text
    assert "here are some of them" not in text
    browser.post(f"{LIST}bulk/revoke/?q=user-", {"whole": "yes"})
    assert BulkJob.objects.get().total == 3


def test_a_long_list_is_collected_by_the_worker(
    browser: Client, auth_config: AuthConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("integrations.counting.EXACT_UP_TO", 2)
    crowd(auth_config, 3)
    browser.post(f"{LIST}bulk/link/?status=ACTIVE", {"whole": "yes"})
    job = BulkJob.objects.get()
    assert (job.total, job.collected_at) == (0, None)
    work()
    assert fresh(job).done == 3


def test_a_long_list_by_a_filter_that_workers_do_not_know_is_refused(
    browser: Client, auth_config: AuthConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("integrations.counting.EXACT_UP_TO", 2)
    crowd(auth_config, 3)
    answer = browser.post(f"{LIST}bulk/link/?q=user-", {"whole": "yes"}, follow=True)
    assert "cannot be worked on as a whole" in answer.content.decode()
    assert not BulkJob.objects.exists()


def test_without_a_choice_nothing_is_started(browser: Client, account: ConnectedAccount) -> None:
    answer = browser.post(f"{LIST}bulk/revoke/", {}, follow=True)
    assert "No account matches any more" in answer.content.decode()
    assert not BulkJob.objects.exists()


def test_a_choice_that_has_left_the_list_is_not_all_that_it_shows(
    browser: Client, auth_config: AuthConfig
) -> None:
    reconnected, expired = crowd(auth_config, 2)
    ConnectedAccount.objects.filter(pk=expired.pk).update(status=Status.EXPIRED)
    answer = browser.post(
        f"{LIST}?status=EXPIRED", chosen(reconnected, action="revoke"), follow=True
    )
    text = answer.content.decode()
    assert "No account matches any more" in text
    assert 'name="whole"' not in text


def test_all_of_a_list_that_is_empty_is_nothing(browser: Client, account: ConnectedAccount) -> None:
    data = chosen(account, action="revoke", select_across="1")
    text = browser.post(f"{LIST}?status=EXPIRED", data, follow=True).content.decode()
    assert "No account matches any more" in text
    assert "Revoke 0 accounts" not in text


def test_another_projects_accounts_cannot_be_chosen(
    account: ConnectedAccount, auth_config: AuthConfig
) -> None:
    other = Project.objects.create(name="Other")
    stranger = signed_in(member(other, permissions=every_permission(), username="eve"))
    stranger.post(f"{LIST}bulk/revoke/", chosen(account))
    stranger.post(f"{LIST}bulk/revoke/?project__id__exact={account.project_id}", {"whole": "yes"})
    work()
    account.refresh_from_db()
    assert account.status == Status.ACTIVE
    assert not BulkItem.objects.exists()


# --- Who may (faults.md 46) ----------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_starting_needs_the_permission_of_the_single_operation(
    account: ConnectedAccount, kind: str
) -> None:
    browser = lacking(account.project, KINDS[kind])
    assert browser.post(f"{LIST}bulk/{kind}/", chosen(account)).status_code == 403
    assert browser.post(LIST, chosen(account, action=kind)).status_code == 403
    assert not BulkJob.objects.exists()


@pytest.mark.parametrize(
    "address",
    [f"{LIST}bulk/revoke/", f"{INCIDENT}?of=project&id=x", "cancel", "resume", "ask-again"],
)
def test_a_post_without_a_csrf_token_is_refused(
    mel: User, account: ConnectedAccount, address: str
) -> None:
    job = start_on(Kind.REVOKE, mel, account)
    url = address if "/" in address else job_page(job, f"do/{address}")
    assert signed_in(mel, csrf=True).post(url, chosen(account)).status_code == 403
    assert BulkJob.objects.get().state == JobState.QUEUED


@pytest.mark.parametrize("operation", ["cancel", "resume", "ask-again"])
def test_a_viewer_sees_a_job_and_steers_none(
    mel: User, account: ConnectedAccount, operation: str
) -> None:
    job = start_on(Kind.REVOKE, mel, account)
    seeing = ("connections.view_bulkjob", "connections.view_connectedaccount")
    viewer = signed_in(member(account.project, permissions=seeing, username="vera"))
    page = viewer.get(job_page(job))
    assert (page.status_code, page.context["operations"]) == (200, [])
    assert viewer.post(job_page(job, f"do/{operation}")).status_code == 403
    assert fresh(job).state == JobState.QUEUED


def test_steering_needs_the_permission_of_what_the_job_does(
    mel: User, account: ConnectedAccount
) -> None:
    job = start_on(Kind.REVOKE, mel, account)
    browser = lacking(account.project, KINDS["revoke"])
    assert browser.get(job_page(job)).context["operations"] == []
    assert browser.post(job_page(job, "do/cancel")).status_code == 403


def test_cancel_and_resume_from_the_page(
    browser: Client, mel: User, account: ConnectedAccount
) -> None:
    job = start_on(Kind.REVOKE, mel, account)
    browser.post(job_page(job, "do/cancel"))
    work()
    assert (fresh(job).state, fresh(job).done) == (JobState.CANCELLED, 0)
    browser.post(job_page(job, "do/resume"))
    work()
    assert (fresh(job).state, fresh(job).done) == (JobState.DONE, 1)


# --- The page ------------------------------------------------------------------------------------


def test_the_page_looks_again_while_the_job_runs_and_then_no_more(
    browser: Client, mel: User, account: ConnectedAccount
) -> None:
    job = start_on(Kind.LINK, mel, account)
    assert 'data-look="2"' in browser.get(job_page(job)).content.decode()
    work()
    assert "data-look" not in browser.get(job_page(job)).content.decode()


def test_the_time_that_is_left_counts_no_pause(
    browser: Client, mel: User, auth_config: AuthConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "BATCH", 1)
    job = start_on(Kind.LINK, mel, *crowd(auth_config, 4))
    turns(job, 2)
    week_ago = timezone.now() - timedelta(days=7)
    BulkJob.objects.update(started_at=week_ago, pace_since=week_ago)
    assert "about 7 d left" in browser.get(job_page(job)).content.decode()
    browser.post(job_page(job, "do/cancel"))
    browser.post(job_page(job, "do/resume"))
    assert " left</span>" not in browser.get(job_page(job)).content.decode()
    turns(job, 1)
    assert "about 0 s left" in browser.get(job_page(job)).content.decode()


def turns(job: BulkJob, count: int) -> None:
    for _ in range(count):
        running._turn(fresh(job), threading.Event())


def test_the_page_tells_where_no_worker_runs(
    browser: Client, mel: User, account: ConnectedAccount
) -> None:
    job = start_on(Kind.LINK, mel, account)
    assert "No worker runs." in browser.get(job_page(job)).content.decode()
    now = timezone.now()
    facts = {"host": "h", "pid": 1, "started_by": "command", "started_at": now, "seen_at": now}
    Worker.objects.create(pk="h:1:a", **facts)
    assert "within a second or two" in browser.get(job_page(job)).content.decode()


def test_the_page_has_no_inline_style_or_script_of_its_own(
    browser: Client, mel: User, auth_config: AuthConfig
) -> None:
    crowd(auth_config, 1)
    job = start(Kind.REVOKE, mel, status=Status.ACTIVE)
    work()
    text = browser.get(job_page(job)).content.decode()
    inside = text[text.index('id="bulk-job"') :]
    inside = inside[: inside.index("</main>")] if "</main>" in inside else inside
    assert "style=" not in inside.partition('class="eg-side"')[0]
    assert '<progress class="eg-progress" max="1" value="1"' in inside


def test_a_page_asks_a_fixed_number_of_queries(
    browser: Client,
    mel: User,
    auth_config: AuthConfig,
    django_assert_max_num_queries: object,
) -> None:
    crowd(auth_config, 6)
    job = start(Kind.REVOKE, mel, status=Status.ACTIVE)
    work()
    browser.get(job_page(job))
    with django_assert_max_num_queries(24):  # type: ignore[operator]
        browser.get(job_page(job))
