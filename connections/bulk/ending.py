"""Ends jobs, and writes into the audit trail what came of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import structlog
from django.db import transaction

from connections.models import BulkItem, BulkJob
from connections.models.bulk import OPEN_STATES, JobState, Outcome
from integrations.audit import Subject, record
from integrations.models.audit_entry import Outcome as AuditOutcome

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from django.http import HttpRequest

log = structlog.get_logger(__name__)

# An entry for each project that it touched; of more than that the instance alone has one.
MOST_ENTRIES: Final = 50


def finish(job: BulkJob, *, now: datetime) -> int:
    """Mark a job as done whose items all are; return 0."""
    unfinished = BulkItem.objects.filter(job=job, outcome__in=[Outcome.OPEN, Outcome.WAITING])
    with transaction.atomic():
        rows = BulkJob.objects.filter(pk=job.pk, state=JobState.RUNNING)
        if unfinished.exists() or not rows.update(state=JobState.DONE, ended_at=now):
            return 0
        job.refresh_from_db()
        write_entries(job, action="bulk-end", outcome=_worst(job))
    log.info("bulk_job_done", bulk_job_id=job.pk, done=job.done, failed=job.failed)
    return 0


def stop_job(job: BulkJob, *, why: str, now: datetime) -> None:
    """Stop a job that may not go on."""
    with transaction.atomic():
        rows = BulkJob.objects.filter(pk=job.pk, state__in=OPEN_STATES)
        if not rows.update(state=JobState.STOPPED, stopped_because=why, ended_at=now):
            return
        job.refresh_from_db()
        write_entries(job, action="bulk-end", outcome=AuditOutcome.REFUSED)
    log.warning("bulk_job_stopped", bulk_job_id=job.pk)


def write_entries(
    job: BulkJob,
    *,
    action: str,
    outcome: AuditOutcome = AuditOutcome.DONE,
    request: HttpRequest | None = None,
    title: str = "",
    note: str | None = None,
) -> None:
    """Record something about ``job`` for each project that it is about."""
    for subject in subjects_of(job):
        record(
            request=request,
            actor=request.user if request is not None else job.user,
            action=action,
            title=title or f"{job.get_kind_display()} in bulk",
            subject=subject,
            note=job.note if note is None else note,
            outcome=outcome,
        )


def subjects_of(job: BulkJob) -> Iterator[Subject]:
    """Yield what an entry about ``job`` is about, for each project that it is about."""
    few = 0 < len(job.projects) <= MOST_ENTRIES
    projects: list[str | None] = [*job.projects] if few else [None]
    for project_id in projects:
        yield Subject(
            type=BulkJob._meta.label_lower,
            id=job.pk,
            label=f"{job}: {job.done} of {job.total}" if job.ended_at else str(job),
            project_id=project_id,
        )


def _worst(job: BulkJob) -> AuditOutcome:
    return AuditOutcome.FAILED if job.failed else AuditOutcome.DONE
