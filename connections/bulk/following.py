"""Waits for the refreshes that a job has asked for, and tells how each ended."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.db import transaction

from connections import wording
from connections.bulk.carrying import Verdict
from connections.bulk.settling import settle
from connections.models import BulkItem, Credentials, RefreshAttempt, RefreshOutcome, Status
from connections.models.bulk import Outcome

if TYPE_CHECKING:
    from datetime import datetime

    from connections.models import BulkJob

# So many refreshes of one job are asked for at a time. What falls due otherwise waits behind them
# only, be the job as long as it may.
WINDOW: Final = 100
# After that nobody waits any longer; the account stays due.
PATIENCE: Final = timedelta(minutes=5)
_FAILED: Final = (
    RefreshOutcome.TRANSIENT,
    RefreshOutcome.IN_DOUBT,
    RefreshOutcome.CONFIGURATION,
    RefreshOutcome.TERMINAL,
)


def room_for(job: BulkJob) -> int:
    """Return how many more refreshes may be asked for now."""
    return WINDOW - BulkItem.objects.filter(job=job, outcome=Outcome.WAITING).count()


def follow(job: BulkJob, *, now: datetime) -> int:
    """Settle the items whose refresh has ended; return how many. Raises JobHalted."""
    waiting = BulkItem.objects.filter(job=job, outcome=Outcome.WAITING)
    rows = waiting.select_related("account").order_by("id")
    accounts = rows.values("account")
    stored = Credentials.objects.filter(account__in=accounts).values_list("pk", "generation")
    present = dict(stored)
    settled = 0
    for item in rows:
        verdict = _verdict(item, present.get(item.account_id), now)
        if verdict is not None:
            with transaction.atomic():
                settled += settle(item=item, job=job, verdict=verdict, now=now)
    return settled


def _verdict(item: BulkItem, present: int | None, now: datetime) -> Verdict | None:
    """Say how the refresh of an item ended; None while it is under way."""
    if present is not None and present > item.generation:
        return Verdict(outcome=Outcome.DONE, words="Refreshed.")
    account = item.account
    if account.status != Status.ACTIVE:
        status, reason = wording.status_and_reason(account.status, account.status_reason)
        words = f"Not refreshed, it is {status.lower()}: {reason}."
        return Verdict(outcome=Outcome.FAILED, words=words, error_code=account.status_reason)
    attempts = RefreshAttempt.objects.filter(account_id=item.account_id, outcome__in=_FAILED)
    failed = attempts.filter(finished_at__gte=item.began_at).order_by("-id").first()
    if failed is not None:
        words = f"{wording.refresh_title(failed)} ({wording.refresh_detail(failed)})."
        return Verdict(outcome=Outcome.FAILED, words=words, error_code=failed.error_code)
    if item.began_at is not None and now - item.began_at > PATIENCE:
        words = "Its turn did not come within 5 minutes. It stays due and is refreshed by itself."
        return Verdict(outcome=Outcome.FAILED, words=words, error_code="turn_did_not_come")
    return None
