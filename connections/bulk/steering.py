"""Cancels a job, lets it go on, and has providers asked again at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models.functions import Now

from connections.bulk.counting import unconfirmed
from connections.errors import JobHasEnded
from connections.models import BulkItem, BulkJob
from connections.models.bulk import OPEN_STATES, JobState, Outcome

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet

    from connections.bulk.starting import Asker


def cancel_job(*, job: BulkJob, now: datetime) -> None:
    """Have nothing more be done. What is done stays; the rest can go on later.

    Waits for the account that a worker is at, and for no more: see `settling`.

    Raises:
        JobHasEnded: it is not under way (any more).
    """
    rows = _as_seen(job).filter(state__in=OPEN_STATES)
    if not rows.update(state=JobState.CANCELLED, ended_at=now):
        raise JobHasEnded
    job.refresh_from_db()


def resume_job(*, job: BulkJob, asker: Asker) -> None:
    """Let a job go on that was cancelled, or stopped for want of rights.

    From now on it runs with the rights of ``asker``.

    Raises:
        JobHasEnded: it is under way, or done, or nobody knows any more what is left of it.
    """
    rows = _as_seen(job).filter(state__in=[JobState.CANCELLED, JobState.STOPPED])
    with transaction.atomic():
        state = {"state": JobState.QUEUED, "ended_at": None, "stopped_because": ""}
        # What was reckoned when it ended is reckoned anew.
        anew = {"pace_since": None, "providers_said": None}
        if not rows.update(**state, **anew, **asker.columns):
            raise JobHasEnded
        _refuse_forgotten(job)
        # Whoever had taken some up and found the job halted has let them be.
        BulkItem.objects.filter(job=job, lease_until__isnull=False).update(lease_until=None)
    job.refresh_from_db()


def _refuse_forgotten(job: BulkJob) -> None:
    """Raise JobHasEnded where some of the accounts that are left have been forgotten."""
    counted = BulkJob.objects.get(pk=job.pk)
    left = BulkItem.objects.filter(job=job, outcome__in=[Outcome.OPEN, Outcome.WAITING])
    if left.count() < counted.total - counted.handled:
        message = "It ended too long ago: which accounts are left is forgotten. Start another job."
        raise JobHasEnded(message)


def _as_seen(job: BulkJob) -> QuerySet[BulkJob]:
    """Return the job, unless somebody else has lent it rights since: a key may not steer that."""
    rows: QuerySet[BulkJob] = BulkJob.objects.filter(pk=job.pk, runs_for=job.runs_for)
    return rows


def ask_providers_again(*, job: BulkJob) -> int:
    """Have the providers that have not confirmed yet be asked now; return how many revocations.

    Raises:
        JobHasEnded: none is left that could be asked again.
    """
    waiting = unconfirmed(job).filter(next_attempt_at__isnull=False)
    count: int = waiting.update(next_attempt_at=Now())
    if not count:
        message = "No provider is waited for."
        raise JobHasEnded(message)
    return count
