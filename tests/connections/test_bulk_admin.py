"""Bulk work in the admin: from the list over the page in between to the job, and who may."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from connections.models import BulkItem, BulkJob, ConnectedAccount, Entity, Status, Worker
from connections.models.bulk import Extent, JobState, Kind
from integrations.models import ApiKey, AuditEntry, AuthConfig, Project
from integrations.secrets.keyring import key_ids
from tests.bulk import begin, crowd, fresh, staff_of, start, start_on, work
from tests.console.staff import every_permission, member, signed_in

pytestmark = pytest.mark.django_db

LIST = "/admin/connections/connectedaccount/"
JOBS = "/admin/connections/bulkjob/"
INCIDENT = f"{JOBS}incident/"
KINDS = {
    "refresh": "connections.refresh_connectedaccount",
    "revoke": "connections.revoke_connectedaccount",
    "link": "connections.link_connectedaccount",
}


@pytest.fixture
def mel(auth_config: AuthConfig) -> User:
    return staff_of(auth_config)


@pytest.fixture
def browser(mel: User) -> Client:
    return signed_in(mel)


def lacking(project: Project, *permissions: str) -> Client:
    """Return the browser of somebody who may do everything but that."""
    others = tuple(name for name in every_permission() if name not in permissions)
    return signed_in(member(project, permissions=others, username="else"))


def chosen(*accounts: ConnectedAccount, **more: str) -> dict[str, Any]:
    return {"_selected_action": [account.pk for account in accounts], "index": "0", **more}


def job_page(job: BulkJob, name: str = "change") -> str:
    return f"{JOBS}{job.pk}/{name}/"


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


# --- The incident page ---------------------------------------------------------------------------


def confirm(browser: Client, extent: str, extent_id: str, **changes: str) -> Any:
    data = {"typed": "Notes", "note": "Leaked", "close": "yes"} | changes
    return browser.post(f"{INCIDENT}?of={extent}&id={extent_id}", data)


def test_an_incident_is_chosen_confirmed_and_begun(
    browser: Client, account: ConnectedAccount, auth_config: AuthConfig
) -> None:
    listed = browser.get(INCIDENT).content.decode()
    assert auth_config.name in listed
    asked = browser.get(f"{INCIDENT}?of=auth_config&id={auth_config.pk}").content.decode()
    assert "1</b> account holds credentials" in asked
    confirm(browser, "auth_config", auth_config.pk)
    job = BulkJob.objects.get()
    assert (job.extent, job.note) == ("auth_config", "Leaked")
    assert not AuthConfig.objects.get().enabled
    entry = AuditEntry.objects.get(action="incident")
    assert (entry.outcome, entry.note, entry.project_id) == ("begun", "Leaked", job.project_id)


def test_a_projects_incident_says_which_keys_work_on(browser: Client, project: Project) -> None:
    for name in ("Backend", "Old"):
        ApiKey(project=project, name=name).issue()
    ApiKey.objects.filter(name="Old").update(revoked_at=timezone.now())
    text = browser.get(f"{INCIDENT}?of=project&id={project.pk}").content.decode()
    assert "API keys are not revoked by this: 1 works." in text
    assert f"/admin/integrations/project/{project.pk}/change/?tab=keys" in text


def test_a_wrong_name_revokes_nothing(
    browser: Client, account: ConnectedAccount, auth_config: AuthConfig
) -> None:
    answer = confirm(browser, "auth_config", auth_config.pk, typed="notes")
    assert answer.status_code == 409
    assert "type the name exactly" in answer.content.decode()
    assert not BulkJob.objects.exists()


def test_an_incident_needs_its_own_permission(account: ConnectedAccount) -> None:
    browser = lacking(account.project, "connections.incident_bulkjob")
    assert browser.get(INCIDENT).status_code == 403
    answer = confirm(browser, "auth_config", account.auth_config_id)
    assert answer.status_code == 403
    button = f"/admin/integrations/authconfig/{account.auth_config_id}/do/incident/"
    assert browser.get(button).status_code == 403
    assert not BulkJob.objects.exists()


def test_the_page_of_an_auth_config_leads_to_its_incident(
    browser: Client, auth_config: AuthConfig
) -> None:
    button = f"/admin/integrations/authconfig/{auth_config.pk}/do/incident/"
    assert browser.get(button)["Location"] == f"{INCIDENT}?of=auth_config&id={auth_config.pk}"


@pytest.mark.parametrize("extent", ["auth_config", "project", "key", "nothing", "chosen"])
def test_what_is_another_projects_is_not_there(
    browser: Client, account: ConnectedAccount, extent: str
) -> None:
    other = Project.objects.create(name="Other")
    theirs = AuthConfig.objects.create(project=other, name="Notes", toolkit="sandbox")
    ids = {"auth_config": theirs.pk, "project": other.pk, "key": key_ids()[0]}
    answer = confirm(browser, extent, ids.get(extent, "x"))
    assert answer.status_code == 404
    assert "Other" not in browser.get(f"{INCIDENT}?of=project").content.decode()
    assert "Sealing key" not in browser.get(INCIDENT).content.decode()


def test_who_sees_every_project_is_offered_the_keys(admin_user: User, project: Project) -> None:
    browser = signed_in(admin_user)
    key = key_ids()[0]
    assert key in browser.get(f"{INCIDENT}?of=key").content.decode()
    asked = browser.get(f"{INCIDENT}?of=key&id={key}").content.decode()
    assert "This key seals now" in asked


def test_names_of_another_projects_configs_are_not_told(
    browser: Client, admin_user: User, account: ConnectedAccount
) -> None:
    other = Project.objects.create(name="Umbrella")
    AuthConfig.objects.create(project=other, name="Their notes", toolkit="sandbox")
    job = begin(Extent.TOOLKIT, "sandbox", admin_user)
    work()
    text = browser.get(job_page(job)).content.decode()
    assert '<code class="eg-chip">Notes</code><code class="eg-chip">1 other</code>' in text
    assert "Their notes" not in text


@pytest.mark.parametrize("name", ["project__id__exact", "auth_config__id__exact"])
def test_the_page_in_between_names_nothing_of_another_project(
    browser: Client, account: ConnectedAccount, name: str
) -> None:
    other = Project.objects.create(name="Umbrella")
    theirs = AuthConfig.objects.create(project=other, name="Umbrella notes", toolkit="sandbox")
    row = {"project__id__exact": other, "auth_config__id__exact": theirs}[name]
    data = chosen(account, action="revoke", select_across="1")
    text = browser.post(f"{LIST}?{name}={row.pk}", data).content.decode()
    assert "Revoke 0 accounts?" in text
    assert "Umbrella" not in text


def test_the_job_of_an_incident_tells_what_providers_said(
    browser: Client, mel: User, account: ConnectedAccount
) -> None:
    job = begin(Extent.AUTH_CONFIG, account.auth_config_id, mel)
    work()
    text = browser.get(job_page(job)).content.decode()
    assert "Being confirmed" in text
    assert "for about a month" in text
    assert 'data-look="2"' in text


def test_a_member_of_one_of_two_projects_does_not_see_their_common_job(
    mel: User, auth_config: AuthConfig, account: ConnectedAccount
) -> None:
    other = Project.objects.create(name="Other")
    other.members.add(mel)
    theirs = AuthConfig.objects.create(
        project=other, name="T", toolkit="sandbox", client_id="c", parameters=auth_config.parameters
    )
    Entity.objects.create(project=other, user_id="x")
    crowd(theirs, 1)
    job = start(Kind.LINK, User.objects.get(pk=mel.pk), status="ACTIVE")
    work()
    one = signed_in(member(other, permissions=every_permission(), username="one"))
    assert one.get(job_page(job)).status_code == 404
    assert signed_in(mel).get(job_page(job)).status_code == 200
