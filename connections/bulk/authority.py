"""Whose rights a job has, asked anew while it runs: who lost a role does not go on by a job."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from django.contrib.auth import get_user_model
from django.utils import timezone

from connections.actors import Actor
from connections.models.bulk import RunsFor
from integrations.models import ApiKey
from integrations.models.api_key import Scope
from integrations.models.scoping import projects_of, sees_every_project

if TYPE_CHECKING:
    from connections.models import BulkJob

NOT_WHOLE: Final = "Whoever it runs for does not see all the projects that it is about."


@dataclass(frozen=True, kw_only=True)
class Authority:
    """What a job may do at the moment.

    Attributes:
        actor: as the history names it.
        projects: whose accounts, none of which it did not reach at its beginning; None for all.
        refusal: why it may nothing, in words; empty where it may.
    """

    actor: Actor
    projects: frozenset[str] | None = None
    refusal: str = ""

    def reaches(self, project_id: str) -> bool:
        """Whether accounts of that project may be touched."""
        return self.projects is None or project_id in self.projects


def authority_of(job: BulkJob) -> Authority:
    """Return what ``job`` may do now, by the rights of whoever it runs for."""
    asked = {RunsFor.STAFF: _of_staff, RunsFor.KEY: _of_key}.get(RunsFor(job.runs_for))
    return _within(job, asked(job) if asked else Authority(actor=Actor(job.asked_by)))


def _within(job: BulkJob, present: Authority) -> Authority:
    """Narrow ``present`` to what the job was about; refuse where it would do a part of it.

    A job that is no incident tells, once its accounts are collected, of each that it leaves alone.
    """
    if job.reach is None:
        whole, projects = present.projects is None, present.projects
    else:
        fixed = frozenset(job.reach)
        projects = fixed if present.projects is None else fixed & present.projects
        whole = projects == fixed
    if not present.refusal and not whole and (job.is_incident or job.collected_at is None):
        return replace(present, projects=projects, refusal=NOT_WHOLE)
    return replace(present, projects=projects)


def _of_staff(job: BulkJob) -> Authority:
    actor = Actor(job.asked_by)
    # Read anew: the rights of a user object are kept for as long as that object is.
    staff = get_user_model().objects.filter(is_active=True, is_staff=True)
    user = staff.filter(pk=job.user_id).first() if job.user_id is not None else None
    if user is None:
        return Authority(actor=actor, refusal="Who asked for it is no member of staff any more.")
    if not user.has_perm(job.permission):
        return Authority(actor=actor, refusal="Who asked for it may not do this any more.")
    everywhere = sees_every_project(user)
    projects = None if everywhere else frozenset(projects_of(user))
    return Authority(actor=actor, projects=projects)


def _of_key(job: BulkJob) -> Authority:
    actor = Actor(job.asked_by)
    key = ApiKey.objects.filter(pk=job.api_key_id).first()
    if key is None or not key.is_valid(now=timezone.now()):
        return Authority(
            actor=actor, refusal="The API key that asked for it is not valid any more."
        )
    if Scope.WRITE not in key.scopes:
        return Authority(actor=actor, refusal="The API key may not do this any more.")
    return Authority(actor=actor, projects=frozenset([key.project_id]))
