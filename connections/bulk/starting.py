"""Makes a job: of accounts chosen one by one, or of all that a filter shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from django.db import transaction
from django.utils import timezone

from connections import actors
from connections.bulk.collecting import add_items
from connections.bulk.selecting import filtered
from connections.models import BulkJob, Status
from connections.models.bulk import Extent, JobState, Kind, RunsFor
from integrations.models.scoping import projects_of, sees_every_project

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.contrib.auth.models import User
    from django.db.models import QuerySet

    from connections.models import ConnectedAccount
    from integrations.models import ApiKey


@dataclass(frozen=True, kw_only=True)
class Asker:
    """Who asks for a job; it has her rights, or the key's.

    Attributes:
        projects: whose accounts she sees; None for all.
    """

    actor: actors.Actor
    runs_for: RunsFor
    user: User | None = None
    key: ApiKey | None = None
    projects: list[str] | None = None

    @classmethod
    def of_staff(cls, user: User) -> Self:
        """Return the asker that a member of staff is."""
        return cls(
            actor=actors.operator(user),
            runs_for=RunsFor.STAFF,
            user=user,
            projects=None if sees_every_project(user) else projects_of(user),
        )

    @classmethod
    def of_key(cls, key: ApiKey) -> Self:
        """Return the asker that an app's server is."""
        return cls(
            actor=actors.api_key(key), runs_for=RunsFor.KEY, key=key, projects=[key.project_id]
        )

    @classmethod
    def of_host(cls) -> Self:
        """Return the asker that whoever runs commands on the host is."""
        return cls(actor=actors.COMMAND, runs_for=RunsFor.HOST)

    @property
    def columns(self) -> dict[str, Any]:
        """A job's columns that say who asked."""
        return {
            "asked_by": self.actor,
            "runs_for": self.runs_for,
            "user": self.user,
            "api_key": self.key,
        }


def start_on_chosen(
    *,
    kind: Kind,
    accounts: QuerySet[ConnectedAccount],
    asker: Asker,
    note: str = "",
    job_id: str = "",
    facts: Mapping[str, str] | None = None,
) -> BulkJob:
    """Start a job on ``accounts``, which are fixed now; not more than can be read at once.

    Args:
        accounts: those that the asker may see. Deleted ones are left out.
        job_id: given beforehand, so that a form that is sent twice starts one job.
        facts: what the accounts were filtered by, to be told.
    """
    now = timezone.now()
    rows = accounts.exclude(status=Status.DELETED).order_by("pk")
    found = list(rows.values_list("pk", "project_id", "status"))
    projects = sorted({project for _, project, _ in found})
    job = BulkJob(
        kind=kind,
        extent=Extent.CHOSEN if facts is None else Extent.FILTER,
        facts=dict(facts or {}),
        note=note,
        projects=projects,
        reach=asker.projects,
        project_id=projects[0] if len(projects) == 1 else None,
        total=len(found),
        created_at=now,
        collected_at=now,
        **asker.columns,
    )
    with transaction.atomic():
        _insert(job, job_id)
        add_items(job, found)
    return job


def start_on_filter(
    *,
    kind: Kind,
    facts: Mapping[str, str],
    asker: Asker,
    note: str = "",
    job_id: str = "",
) -> BulkJob:
    """Start a job on all accounts that match ``facts`` now; the first worker collects them.

    Raises KeyError where a fact is not known.
    """
    now = timezone.now()
    filtered(facts, at=now)
    reach = _reach(facts, asker)
    projects = reach or []
    job = BulkJob(
        kind=kind,
        extent=Extent.FILTER,
        facts=dict(facts),
        note=note,
        projects=projects,
        reach=reach,
        project_id=projects[0] if len(projects) == 1 else None,
        created_at=now,
        **asker.columns,
    )
    _insert(job, job_id)
    return job


def _reach(facts: Mapping[str, str], asker: Asker) -> list[str] | None:
    """Return whose accounts there may be; None where that is everybody's."""
    if "project" not in facts:
        return asker.projects
    named = [facts["project"]]
    return named if asker.projects is None or named[0] in asker.projects else []


def _insert(job: BulkJob, job_id: str) -> None:
    if job_id:
        job.pk = job_id
    job.state = JobState.QUEUED
    job.save(force_insert=True)


def find_started(*, job_id: str, user: User) -> BulkJob | None:
    """Return the job that the same form has started before; None where it was not sent."""
    return BulkJob.objects.filter(pk=job_id, user=user).first()
