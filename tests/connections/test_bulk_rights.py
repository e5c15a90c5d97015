"""By whose rights work on many accounts is done, and what becomes of it without them."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission, User
from django.utils import timezone

from connections.bulk.collecting import collect_some
from connections.bulk.counting import at_providers, is_sure
from connections.bulk.starting import Asker
from connections.bulk.steering import cancel_job, resume_job
from connections.models import (
    BulkItem,
    BulkJob,
    ConnectedAccount,
    Status,
)
from connections.models.bulk import Extent, JobState, Kind
from integrations.models import AuditEntry, AuthConfig, Project
from tests.bulk import begin, crowd, fresh, outcomes, staff_of, start, start_on, work

pytestmark = pytest.mark.django_db


def test_another_projects_accounts_are_out_of_reach(
    mel: User, account: ConnectedAccount, auth_config: AuthConfig
) -> None:
    other = Project.objects.create(name="Other")
    theirs = AuthConfig.objects.create(
        project=other,
        name="Theirs",
        toolkit="sandbox",
        client_id="c",
        parameters=auth_config.parameters,
    )
    crowd(theirs, 1)
    job = start(Kind.REVOKE, mel, status=Status.ACTIVE)
    work()
    assert BulkItem.objects.get(job=job).account_id == account.pk
    assert not BulkJob.objects.visible_to(staff_of(theirs, "eve")).exists()
    assert BulkJob.objects.visible_to(mel).get() == job


def test_a_role_taken_away_stops_the_job(mel: User, account: ConnectedAccount) -> None:
    job = start_on(Kind.REVOKE, mel, account)
    mel.user_permissions.remove(Permission.objects.get(codename="revoke_connectedaccount"))
    work()
    job = fresh(job)
    assert (job.state, job.done) == (JobState.STOPPED, 0)
    assert "may not do this any more" in job.stopped_because
    assert AuditEntry.objects.filter(action="bulk-end", outcome="refused").exists()


@pytest.mark.parametrize("change", [{"is_active": False}, {"is_staff": False}])
def test_who_is_no_staff_any_more_has_no_job_go_on(
    mel: User, account: ConnectedAccount, change: dict[str, bool]
) -> None:
    job = start_on(Kind.REVOKE, mel, account)
    User.objects.filter(pk=mel.pk).update(**change)
    work()
    assert fresh(job).state == JobState.STOPPED


def test_a_job_of_somebody_who_was_deleted_stops(mel: User, account: ConnectedAccount) -> None:
    job = start_on(Kind.REVOKE, mel, account)
    mel.delete()
    work()
    assert fresh(job).state == JobState.STOPPED


def test_a_project_taken_away_is_left_alone(mel: User, account: ConnectedAccount) -> None:
    job = start_on(Kind.REVOKE, mel, account)
    mel.projects.clear()
    work()
    assert outcomes(job) == ["skipped"]
    said = at_providers(job)
    assert said is not None
    assert (fresh(job).state, said.out_of_reach) == (JobState.DONE, 1)
    assert not is_sure(fresh(job), said)
    assert not BulkJob.objects.visible_to(User.objects.get(pk=mel.pk)).exists()


def test_a_project_taken_away_before_the_accounts_are_collected_stops_the_job(
    mel: User, account: ConnectedAccount
) -> None:
    job = start(Kind.REVOKE, mel, status=Status.ACTIVE)
    mel.projects.clear()
    work()
    assert (fresh(job).state, fresh(job).total) == (JobState.STOPPED, 0)


def test_who_resumes_a_stopped_job_lends_it_her_rights(
    mel: User, account: ConnectedAccount, auth_config: AuthConfig
) -> None:
    job = start_on(Kind.REVOKE, mel, account)
    User.objects.filter(pk=mel.pk).update(is_staff=False)
    work()
    resume_job(job=job, asker=Asker.of_staff(staff_of(auth_config, "ann")))
    work()
    assert fresh(job).done == 1
    assert account.transitions.latest("id").actor == "operator:ann"


def config_elsewhere(auth_config: AuthConfig) -> AuthConfig:
    """Return a config of the same toolkit in another project, with an account."""
    theirs = AuthConfig.objects.create(
        project=Project.objects.create(name="Elsewhere"),
        name="Theirs",
        toolkit="sandbox",
        client_id="c",
        parameters=auth_config.parameters,
    )
    crowd(theirs, 1)
    return theirs


def is_begun(mel: User, auth_config: AuthConfig, what: str) -> BulkJob:
    """Begin a filter's job or a toolkit's incident of ``mel``."""
    if what == "filter":
        return start(Kind.REVOKE, mel, status=Status.ACTIVE)
    return begin(Extent.TOOLKIT, auth_config.toolkit, mel)


@pytest.mark.parametrize("what", ["filter", "incident"])
@pytest.mark.parametrize("begun", [False, True])
def test_who_sees_more_makes_a_job_no_wider_by_resuming_it(
    mel: User,
    admin_user: User,
    account: ConnectedAccount,
    auth_config: AuthConfig,
    what: str,
    *,
    begun: bool,
) -> None:
    theirs = config_elsewhere(auth_config)
    job = is_begun(mel, auth_config, what)
    if begun:
        collect_some(job, projects=frozenset(job.reach or []), now=timezone.now())
    cancel_job(job=fresh(job), now=timezone.now())
    resume_job(job=fresh(job), asker=Asker.of_staff(admin_user))
    work()
    assert BulkItem.objects.get(job=job).account_id == account.pk
    assert ConnectedAccount.objects.get(auth_config=theirs).status == Status.ACTIVE


@pytest.mark.parametrize("what", ["filter", "incident"])
def test_a_project_gained_meanwhile_is_not_reached(
    mel: User, account: ConnectedAccount, auth_config: AuthConfig, what: str
) -> None:
    theirs = config_elsewhere(auth_config)
    job = is_begun(mel, auth_config, what)
    theirs.project.members.add(mel)
    work()
    assert BulkItem.objects.get(job=job).account_id == account.pk


def test_a_job_of_somebody_without_any_project_reaches_nothing(
    mel: User, admin_user: User, account: ConnectedAccount
) -> None:
    mel.projects.clear()
    job = start(Kind.REVOKE, User.objects.get(pk=mel.pk), status=Status.ACTIVE)
    cancel_job(job=job, now=timezone.now())
    resume_job(job=job, asker=Asker.of_staff(admin_user))
    work()
    assert (fresh(job).state, fresh(job).total) == (JobState.DONE, 0)
