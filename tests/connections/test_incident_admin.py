"""The incident's pages in the admin: chosen, confirmed by name, begun, and who may."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from connections.models import BulkJob, ConnectedAccount
from connections.models.bulk import Extent, Kind
from integrations.models import ApiKey, AuditEntry, AuthConfig, Project
from integrations.secrets.keyring import key_ids
from tests.bulk import begin, crowd, start, work
from tests.bulk_pages import INCIDENT, LIST, chosen, job_page, lacking
from tests.console.staff import every_permission, member, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(mel: User) -> Client:
    return signed_in(mel)


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


def test_of_a_key_the_services_are_named_that_have_no_way_to_revoke(
    admin_user: User, account: ConnectedAccount, project: Project
) -> None:
    tables, _unused = (
        AuthConfig.objects.create(project=project, name=slug, toolkit=slug, client_id="c")
        for slug in ("airtable", "amazon")
    )
    crowd(tables, 1)
    asked = f"{INCIDENT}?of=key&id={key_ids()[0]}"
    text = signed_in(admin_user).get(asked).content.decode()
    assert "<li>Airtable has no way to revoke a token" in text


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
    text = browser.post(f"{LIST}?{name}={row.pk}", data, follow=True).content.decode()
    assert "No account matches any more" in text
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


@pytest.fixture
def common(mel: User, auth_config: AuthConfig, account: ConnectedAccount) -> BulkJob:
    """A job that Mel has started on accounts of two projects."""
    other = Project.objects.create(name="Other")
    other.members.add(mel)
    theirs = AuthConfig.objects.create(
        project=other, name="T", toolkit="sandbox", client_id="c", parameters=auth_config.parameters
    )
    crowd(theirs, 1)
    return start(Kind.LINK, User.objects.get(pk=mel.pk), status="ACTIVE")


def test_a_member_of_one_of_two_projects_does_not_see_their_common_job(
    mel: User, common: BulkJob
) -> None:
    work()
    other = Project.objects.get(name="Other")
    one = signed_in(member(other, permissions=every_permission(), username="one"))
    assert one.get(job_page(common)).status_code == 404
    assert signed_in(mel).get(job_page(common)).status_code == 200


@pytest.mark.parametrize("steps", [["cancel"], ["cancel", "resume"]])
def test_each_project_of_a_job_reads_who_steered_it(
    mel: User, common: BulkJob, account: ConnectedAccount, steps: list[str]
) -> None:
    browser = signed_in(mel)
    for step in steps:
        browser.post(job_page(common, f"do/{step}"), {"note": "Wait"})
    entries = AuditEntry.objects.filter(action=steps[-1], subject_id=common.pk, note="Wait")
    projects = {Project.objects.get(name="Other").pk, account.project_id}
    assert {entry.project_id for entry in entries} == projects
    assert {entry.outcome for entry in entries} == {"done"}
