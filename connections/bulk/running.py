"""The loop that works off bulk jobs, the same in the job runner's watch and in the command's.

The items are the queue. A worker takes up a few under a lease, so that workers share a long job,
and does each in a transaction of its own that locks it: who is killed amid one leaves it as it was,
and another worker takes it up when the lease is over.
"""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import structlog
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from connections.bulk import following
from connections.bulk.authority import authority_of
from connections.bulk.carrying import Verdict, carry_out
from connections.bulk.collecting import collect_missed, collect_some
from connections.bulk.ending import finish, stop_job
from connections.bulk.settling import JobHalted, settle
from connections.models import BulkItem, BulkJob
from connections.models.bulk import JobState, Kind, Outcome
from integrations.database import DATABASE_AWAY, is_away

if TYPE_CHECKING:
    from datetime import datetime
    from threading import Event

    from connections.bulk.authority import Authority

log = structlog.get_logger(__name__)

# Items of one turn: jobs take turns, so that a short one does not wait for a long one.
BATCH: Final = 50
# Longer than a turn's items take.
LEASE: Final = timedelta(seconds=30)


def work_off(*, stop: Event, seconds: float = float("inf")) -> int:
    """Work on the jobs there are until nothing can be done now; return how many items were.

    Args:
        stop: ends it between two items.

    Raises:
        DATABASE_AWAY: what is done is kept; the rest is done next time.
    """
    ends, total = time.monotonic() + seconds, 0
    while not stop.is_set() and time.monotonic() < ends:
        done = sum(_turn(job, stop) for job in list(BulkJob.objects.under_way()))
        total += done
        if not done:
            break
    return total


def _turn(job: BulkJob, stop: Event) -> int:
    """Go on with one job for a moment; return how much was done."""
    if stop.is_set():
        return 0
    now = timezone.now()
    authority = authority_of(job)
    if authority.refusal:
        stop_job(job, why=authority.refusal, now=now)
        return 0
    if job.state == JobState.QUEUED:
        begun = BulkJob.objects.filter(pk=job.pk, state=JobState.QUEUED)
        begun.update(
            state=JobState.RUNNING,
            started_at=job.started_at or now,
            pace_since=now,
            pace_from=job.handled,
        )
    try:
        return _go_on(job, authority, stop, now)
    except JobHalted:
        return 0
    except DATABASE_AWAY as error:
        if is_away(error):
            raise
        # Somebody holds rows that the job refers to; its next turn comes soon.
        log.warning("bulk_job_waits", bulk_job_id=job.pk, error=type(error).__name__)
        return 0


def _go_on(job: BulkJob, authority: Authority, stop: Event, now: datetime) -> int:
    if job.collected_at is None:
        # One more than there were, so that it goes on at once also where nothing matched.
        return collect_some(job, projects=authority.projects, now=now) + 1
    refreshes = job.kind == Kind.REFRESH
    done = following.follow(job, now=now) if refreshes else 0
    room = min(BATCH, following.room_for(job)) if refreshes else BATCH
    taken = _take_up(job, room)
    for number, item_id in enumerate(taken):
        if stop.is_set():
            # Whoever goes on need not wait for the lease.
            BulkItem.objects.filter(pk__in=taken[number:]).update(lease_until=None)
            break
        done += _do(item_id, job, authority)
    if taken or _is_left(job):
        return done
    return collect_missed(job, projects=authority.projects) or finish(job, now=timezone.now())


def _take_up(job: BulkJob, room: int) -> list[str]:
    """Lease up to ``room`` items to this worker; return their ids."""
    if room <= 0:
        return []
    with transaction.atomic():
        free = BulkItem.objects.filter(job=job).free().order_by("id")
        rows = free.select_for_update(skip_locked=True, of=("self",))
        ids = list(rows.values_list("pk", flat=True)[:room])
        BulkItem.objects.filter(pk__in=ids).update(lease_until=Now() + LEASE)
    return ids


def _is_left(job: BulkJob) -> bool:
    """Whether items are not through, be it that another worker has them."""
    rows = BulkItem.objects.filter(job=job, outcome__in=[Outcome.OPEN, Outcome.WAITING])
    return rows.exists()


def _do(item_id: str, job: BulkJob, authority: Authority) -> int:
    """Do one item; return 1, or 0 where somebody else has it. Raises JobHalted."""
    try:
        return _do_whole(item_id, job, authority)
    except DATABASE_AWAY as error:
        if is_away(error):
            raise
        # Somebody holds the account's row: it is taken up again when the lease is over.
        log.warning("bulk_item_waits", bulk_item_id=item_id, error=type(error).__name__)
        return 0
    except JobHalted:
        raise
    except Exception:
        # One account's surprise must not stop the others.
        log.exception("bulk_item_failed", bulk_job_id=job.pk, bulk_item_id=item_id)
        return _note_surprise(item_id, job)


def _do_whole(item_id: str, job: BulkJob, authority: Authority) -> int:
    now = timezone.now()
    with transaction.atomic():
        item = _locked(item_id)
        if item is None:
            return 0
        verdict = carry_out(item=item, job=job, authority=authority, now=now)
        return settle(item=item, job=job, verdict=verdict, now=now)


def _note_surprise(item_id: str, job: BulkJob) -> int:
    words = "Something unexpected happened; the log has it under this account's item."
    verdict = Verdict(outcome=Outcome.FAILED, words=words, error_code="internal_error")
    with transaction.atomic():
        item = _locked(item_id)
        if item is None:
            return 0
        return settle(item=item, job=job, verdict=verdict, now=timezone.now())


def _locked(item_id: str) -> BulkItem | None:
    rows = BulkItem.objects.filter(pk=item_id, outcome=Outcome.OPEN)
    return rows.select_for_update(skip_locked=True, of=("self",)).first()
