"""Writes what came of one account, on its item and in its job's counters, or nothing at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import F

from connections.models import BulkItem, BulkJob
from connections.models.bulk import JobState, Outcome

if TYPE_CHECKING:
    from datetime import datetime

    from connections.bulk.carrying import Verdict

_COUNTED = {Outcome.DONE: "done", Outcome.SKIPPED: "skipped", Outcome.FAILED: "failed"}


class JobHalted(Exception):
    """The job was cancelled or stopped: what was just done is to be undone."""


def settle(*, item: BulkItem, job: BulkJob, verdict: Verdict, now: datetime) -> int:
    """Write ``verdict``, in the caller's transaction; return 1, or 0 where another worker has.

    The job's row is written last. So whoever cancels waits for one account at the most, and
    after that nothing of the job is done any more.

    Raises:
        JobHalted: the caller's transaction has to be undone.
    """
    changes = _columns(verdict, now)
    if verdict.link_url is not None:
        item.link_url = verdict.link_url
        item.save(update_fields=["link_url"])
    before = [Outcome.OPEN, Outcome.WAITING]
    if not BulkItem.objects.filter(pk=item.pk, outcome__in=before).update(**changes):
        return 0
    counter = _COUNTED.get(verdict.outcome)
    running = BulkJob.objects.filter(pk=job.pk, state=JobState.RUNNING)
    if not running.update(**{counter: F(counter) + 1} if counter else {"state": JobState.RUNNING}):
        raise JobHalted
    return 1


def _columns(verdict: Verdict, now: datetime) -> dict[str, Any]:
    times = {"began_at": now} if verdict.outcome is Outcome.WAITING else {"ended_at": now}
    return {
        "outcome": verdict.outcome,
        "words": verdict.words[:200],
        "error_code": verdict.error_code[:100],
        "lease_until": None,
        **times,
        **verdict.changes,
    }
