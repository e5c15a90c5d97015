"""Bulk jobs over the API: narrowed by tenant, in one's own project."""

from __future__ import annotations

import pytest
from django.utils import timezone

from connections.bulk.starting import Asker
from connections.bulk.steering import cancel_job, resume_job
from connections.errors import JobHasEnded
from connections.models import BulkItem, BulkJob, ConnectedAccount, Entity
from connections.models.bulk import Extent, JobState, RunsFor
from integrations.models import ApiKey, Project
from tests.api.calling import Caller, error_of, key_of
from tests.api.conftest import make_auth_config
from tests.bulk import begin, fresh, staff_of, work
from tests.making import connect

pytestmark = pytest.mark.django_db

JOBS = "/bulk_jobs"
REVOKE = "/bulk_jobs/revoke"
ALL = {"status": "ACTIVE"}


def account_of(project: Project, user_id: str, tenant_id: str = "") -> ConnectedAccount:
    entity = Entity.objects.create(project=project, user_id=user_id, tenant_id=tenant_id)
    return connect(auth_config=make_auth_config(project), entity=entity)


def test_a_job_is_narrowed_by_tenant_and_stays_in_the_own_project(
    owner: Caller, project: Project, stranger_project: Project
) -> None:
    mine = account_of(project, "alice", "umbrella")
    account_of(project, "bob", "other")
    account_of(stranger_project, "carol", "umbrella")
    answer = owner("POST", REVOKE, {"tenant_id": "umbrella", "note": "Left"})
    assert answer.status_code == 201
    assert answer.json()["filter"] == {"tenant_id": "umbrella"}
    work()
    assert BulkItem.objects.get().account_id == mine.pk
    mine.refresh_from_db()
    assert (mine.status, mine.status_reason) == ("REVOKED", "revoked_by_api")


def test_a_job_tells_how_far_it_is(owner: Caller, project: Project) -> None:
    account_of(project, "alice")
    made = owner("POST", REVOKE, ALL).json()
    assert (made["state"], made["total"]) == ("queued", 0)
    work()
    told = owner("GET", f"{JOBS}/{made['id']}").json()
    assert (told["state"], told["total"], told["done"]) == ("done", 1, 1)
    assert told["providers"] == {"confirmed": 0, "pending": 1, "unconfirmed": 0, "sure": False}
    assert [item["id"] for item in owner("GET", JOBS).json()["items"]] == [made["id"]]


def test_a_job_is_cancelled_and_resumed(owner: Caller, project: Project) -> None:
    account_of(project, "alice")
    job_id = owner("POST", REVOKE, ALL).json()["id"]
    assert owner("POST", f"{JOBS}/{job_id}/cancel").json()["state"] == "cancelled"
    work()
    assert not BulkItem.objects.exists()
    assert error_of(owner("POST", f"{JOBS}/{job_id}/cancel"))["code"] == "bulk_job_has_ended"
    assert owner("POST", f"{JOBS}/{job_id}/resume").json()["state"] == "queued"
    work()
    assert BulkJob.objects.get().done == 1


def test_a_job_of_another_project_is_not_there(
    owner: Caller, stranger: Caller, project: Project
) -> None:
    job_id = owner("POST", REVOKE, ALL).json()["id"]
    for method, path in [("GET", ""), ("POST", "/cancel"), ("POST", "/resume")]:
        assert stranger(method, f"{JOBS}/{job_id}{path}").status_code == 404
    assert stranger("GET", JOBS).json()["items"] == []


@pytest.mark.parametrize("state", [JobState.RUNNING, JobState.CANCELLED])
@pytest.mark.parametrize("step", ["cancel", "resume"])
def test_a_key_reads_an_incident_and_steers_it_not(
    owner: Caller, project: Project, state: str, step: str
) -> None:
    config = account_of(project, "alice").auth_config
    job = begin(Extent.AUTH_CONFIG, config.pk, staff_of(config))
    BulkJob.objects.update(state=state)
    refused = owner("POST", f"{JOBS}/{job.pk}/{step}")
    assert (refused.status_code, error_of(refused)["code"]) == (403, "bulk_job_of_staff")
    assert owner("GET", f"{JOBS}/{job.pk}").json()["state"] == state
    assert fresh(job).runs_for == RunsFor.STAFF


def test_a_keys_job_that_staff_resumed_meanwhile_is_not_the_keys_to_cancel(
    owner: Caller, project: Project
) -> None:
    config = account_of(project, "alice").auth_config
    job = BulkJob.objects.get(pk=owner("POST", REVOKE, ALL).json()["id"])
    cancel_job(job=fresh(job), now=timezone.now())
    resume_job(job=fresh(job), asker=Asker.of_staff(staff_of(config)))
    with pytest.raises(JobHasEnded):
        cancel_job(job=job, now=timezone.now())
    assert owner("POST", f"{JOBS}/{job.pk}/cancel").status_code == 403


def test_a_job_on_everything_has_to_be_said(owner: Caller) -> None:
    assert error_of(owner("POST", REVOKE, {}))["code"] == "invalid_request"
    assert not BulkJob.objects.exists()


def test_a_key_that_is_revoked_stops_its_job(owner: Caller, project: Project) -> None:
    account_of(project, "alice")
    owner("POST", REVOKE, ALL)
    ApiKey.objects.update(revoked_at=timezone.now())
    work()
    assert fresh(BulkJob.objects.get()).state == JobState.STOPPED
    assert ConnectedAccount.objects.get().status == "ACTIVE"


def test_a_key_that_reads_starts_nothing(project: Project) -> None:
    reader = Caller(key_of(project, "read"))
    assert reader("POST", REVOKE, ALL).status_code == 403
