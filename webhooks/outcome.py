"""What an attempt means for its delivery and its endpoint."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import structlog
from django.db import transaction

from webhooks.endpoints import disable_endpoint
from webhooks.models import Delivery, DeliveryAttempt, DeliveryStatus, Endpoint
from webhooks.retry import LONGEST_PAUSE, next_attempt_at, parse_retry_after

if TYPE_CHECKING:
    from datetime import datetime

    from webhooks.claim import Claim
    from webhooks.posting import Answer

GONE: Final = 410
# Too Many Requests, Service Unavailable: answers whose Retry-After is honoured.
THROTTLED: Final = (429, 503)
DISABLED_AFTER: Final = timedelta(days=5)
# A try may wait for a free slot, behind others that hang.
QUIET_AFTER: Final = LONGEST_PAUSE + timedelta(hours=1)

log = structlog.get_logger(__name__)


def record_outcome(*, claim: Claim, answer: Answer, now: datetime, worker: str) -> None:
    """Store what came of ``claim``: one transaction, after the call.

    Endpoint rows are written before delivery rows, here as in `webhooks.endpoints`, so that two
    transactions never wait for each other.
    """
    with transaction.atomic():
        _complete_attempt(claim.attempt, answer, now=now)
        if answer.accepted:
            _note_success(claim, now=now)
        else:
            _note_failure(claim, answer, now=now)
    _log(claim, answer, worker=worker)


def _complete_attempt(attempt: DeliveryAttempt, answer: Answer, *, now: datetime) -> None:
    DeliveryAttempt.objects.filter(pk=attempt.pk).update(
        finished_at=now,
        http_status=answer.status,
        error_code=answer.error_code,
        response_excerpt=answer.excerpt,
    )


def _note_success(claim: Claim, *, now: datetime) -> None:
    endpoint_id, delivery_id = claim.delivery.endpoint_id, claim.delivery.pk
    failing = Endpoint.objects.filter(pk=endpoint_id, failing_since__isnull=False)
    failing.update(failing_since=None)
    # Even where the lease ran out: the receiver has it, so nobody need send it again.
    undelivered = Delivery.objects.filter(pk=delivery_id).exclude(status=DeliveryStatus.DELIVERED)
    undelivered.update(
        status=DeliveryStatus.DELIVERED, delivered_at=now, next_attempt_at=None, lease_until=None
    )


def _note_failure(claim: Claim, answer: Answer, *, now: datetime) -> None:
    if not answer.is_our_fault:
        _blame(claim.delivery.endpoint_id, answer, now=now)
    _reschedule(claim, answer, now=now)


def _blame(endpoint_id: str, answer: Answer, *, now: datetime) -> None:
    """Note that the endpoint fails; disable it where that is final, which skips what waits."""
    endpoints = Endpoint.objects.living().filter(pk=endpoint_id, enabled=True)
    endpoint = endpoints.select_for_update(no_key=True).first()
    if endpoint is None:
        return
    since = _failing_since(endpoint, now=now)
    endpoint.failing_since, endpoint.last_failed_at = since, now
    endpoint.save(update_fields=["failing_since", "last_failed_at"])
    if answer.status == GONE:
        disable_endpoint(endpoint=endpoint, reason="It answered 410 Gone.")
    elif now - since >= DISABLED_AFTER:
        reason = f"It failed for {DISABLED_AFTER.days} days without a success."
        disable_endpoint(endpoint=endpoint, reason=reason)


def _failing_since(endpoint: Endpoint, *, now: datetime) -> datetime:
    """Return when the failures began that the one at ``now`` continues.

    Where nothing was sent for longer than any pause between two tries, nobody knows how the
    endpoint was meanwhile: a week without events is no week without a success.
    """
    before, last = endpoint.failing_since, endpoint.last_failed_at
    if before is None or last is None or now - last > QUIET_AFTER:
        return now
    return before


def _reschedule(claim: Claim, answer: Answer, *, now: datetime) -> None:
    """Set the next time, or give up. Nothing where the lease was lost or the delivery skipped."""
    ours = Delivery.objects.pending().filter(pk=claim.delivery.pk, lease_id=claim.attempt.pk)
    delivery = ours.select_for_update(no_key=True).first()
    if delivery is None:
        return
    asked = parse_retry_after(answer.retry_after, now=now) if answer.status in THROTTLED else None
    following = next_attempt_at(
        attempts=delivery.attempt_count,
        now=now,
        spread=random.random(),  # noqa: S311 - jitter
        retry_after=asked,
    )
    delivery.status = DeliveryStatus.PENDING if following else DeliveryStatus.FAILED
    delivery.next_attempt_at, delivery.lease_until = following, None
    delivery.save(update_fields=["status", "next_attempt_at", "lease_until"])


def _log(claim: Claim, answer: Answer, *, worker: str) -> None:
    """One line per attempt, without URL and body."""
    delivery = claim.delivery
    log.info(
        "webhook_attempt",
        worker=worker,
        delivery=delivery.pk,
        event_id=delivery.event_id,
        event_type=delivery.event.type,
        endpoint=delivery.endpoint_id,
        attempt=claim.attempt.number,
        http_status=answer.status,
        error=answer.error_code or None,
        elapsed_ms=round(answer.elapsed * 1000, 1),
    )
