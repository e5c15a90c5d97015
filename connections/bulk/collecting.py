"""Fixes a job's accounts: each becomes an item, once, as the filter stood at the start."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.db import transaction
from django.db.models import F

from connections.bulk.selecting import accounts_of
from connections.models import BulkItem, BulkJob
from connections.models.bulk import OPEN_STATES

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

# Rows of one transaction: some hundredths of a second.
BATCH: Final = 2000


def collect_some(job: BulkJob, *, projects: frozenset[str] | None, now: datetime) -> int:
    """Collect the next accounts, in the order of their ids; return how many.

    Of two workers at once one gets through. After the last the job is marked as collected.

    Args:
        projects: whose accounts the job may touch; None for all.
    """
    rows = accounts_of(job, projects=projects).filter(pk__gt=job.cursor).order_by("pk")
    found = list(rows.values_list("pk", "project_id", "status")[:BATCH])
    changes = {"cursor": found[-1][0]} if found else {}
    last = len(found) < BATCH
    with transaction.atomic():
        mine = BulkJob.objects.filter(pk=job.pk, cursor=job.cursor, state__in=OPEN_STATES)
        if not mine.update(total=F("total") + len(found), **changes):
            return 0
        add_items(job, found)
        if last:
            _note_projects(job)
            BulkJob.objects.filter(pk=job.pk).update(collected_at=now)
    return len(found)


def add_items(job: BulkJob, found: Iterable[tuple[str, str, str]]) -> None:
    """Make an item of each (account, project, status), in the caller's transaction."""
    BulkItem.objects.bulk_create(
        BulkItem(job=job, account_id=pk, project_id=project, status_was=status)
        for pk, project, status in found
    )


def collect_missed(job: BulkJob, *, projects: frozenset[str] | None) -> int:
    """Add what an incident missed, say a connection that was being made; return how many.

    What holds credentials although an item says that it is done has been connected anew.
    """
    if not job.is_incident:
        return 0
    there = BulkItem.objects.filter(job=job).values("account")
    rows = accounts_of(job, projects=projects).exclude(pk__in=there).order_by("pk")
    found = list(rows.values_list("pk", "project_id", "status")[:BATCH])
    with transaction.atomic():
        mine = BulkJob.objects.filter(pk=job.pk, total=job.total, state__in=OPEN_STATES)
        if not found or not mine.update(total=F("total") + len(found)):
            return 0
        add_items(job, found)
        _note_projects(job)
    return len(found)


def _note_projects(job: BulkJob) -> None:
    """Write whose accounts there are: who sees all of these projects sees the job."""
    rows = BulkItem.objects.filter(job=job).order_by("project_id")
    projects = list(rows.values_list("project_id", flat=True).distinct())
    if projects:
        one = projects[0] if len(projects) == 1 else None
        BulkJob.objects.filter(pk=job.pk).update(projects=projects, project_id=one)
