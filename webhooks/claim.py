"""Takes due deliveries for one worker: a lease and an attempt row, committed before any call."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction
from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce

from integrations.outbound import LIMITS, Role
from webhooks.models import Delivery, DeliveryAttempt, DeliveryStatus, Endpoint

if TYPE_CHECKING:
    from django.db.models import QuerySet

# Longer than a call can last, so that nobody else takes the delivery meanwhile, and short enough
# that a killed worker's deliveries do not wait for long.
LEASE: Final = timedelta(seconds=LIMITS[Role.WEBHOOK].deadline + 30)
# How many POSTs one endpoint gets side by side, over all workers. One that fails gets them one by
# one: a receiver that hangs then holds a single slot.
AT_ONCE: Final = 4
AT_ONCE_WHILE_FAILING: Final = 1


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A delivery that is ours until ``delivery.lease_until``, and the attempt we are to make."""

    delivery: Delivery
    attempt: DeliveryAttempt


def claim(
    *, now: datetime, limit: int, failing_limit: int, due_at: datetime | None = None
) -> list[Claim]:
    """Take up to ``limit`` due deliveries, the longest waiting endpoint's first.

    Args:
        failing_limit: how many of them may go to endpoints that have been failing.
        due_at: take only what was due at that time; at ``now`` unless given.
    """
    claims: list[Claim] = []
    due = Delivery.objects.due(now=now, at=due_at)
    with transaction.atomic():
        for endpoint in _endpoints_in_turn(due, now=now):
            if not endpoint.enabled:
                _skip(endpoint)
                continue
            free = limit - len(claims)
            room = min(free, failing_limit) if endpoint.failing_since else free
            taken = _take(endpoint, due, room=room, now=now)
            claims += taken
            failing_limit -= len(taken) if endpoint.failing_since else 0
            if len(claims) == limit:
                break
    return claims


def _endpoints_in_turn(due: QuerySet[Delivery], *, now: datetime) -> QuerySet[Any]:
    """Endpoints with something due, and how many POSTs each has ``under_way``."""
    own = {"endpoint": OuterRef("pk")}
    waiting = due.filter(**own).order_by("next_attempt_at")
    leased = Delivery.objects.leased(now=now).filter(**own).order_by().values("endpoint")
    return (
        Endpoint.objects.annotate(
            waiting_since=Subquery(waiting.values("next_attempt_at")[:1]),
            under_way=Coalesce(Subquery(leased.annotate(count=Count("pk")).values("count")), 0),
        )
        .filter(waiting_since__isnull=False)
        .order_by("waiting_since", "pk")
    )


def _take(endpoint: Any, due: QuerySet[Delivery], *, room: int, now: datetime) -> list[Claim]:
    at_once = AT_ONCE_WHILE_FAILING if endpoint.failing_since else AT_ONCE
    room = min(room, at_once - endpoint.under_way)
    if room <= 0:
        return []
    own = due.filter(endpoint=endpoint)
    rows = own.select_related("event", "endpoint").select_for_update(skip_locked=True, of=("self",))
    return [_lease(row, now=now) for row in rows.order_by("next_attempt_at", "sequence")[:room]]


def _lease(delivery: Delivery, *, now: datetime) -> Claim:
    attempt = DeliveryAttempt(
        project_id=delivery.project_id,
        delivery=delivery,
        number=delivery.attempt_count + 1,
        started_at=now,
    )
    delivery.attempt_count = attempt.number
    delivery.lease_id, delivery.lease_until = attempt.pk, now + LEASE
    delivery.save(update_fields=["attempt_count", "lease_id", "lease_until"])
    attempt.save(force_insert=True)
    return Claim(delivery=delivery, attempt=attempt)


def _skip(endpoint: Endpoint) -> None:
    """Skip what an event put into the outbox while its endpoint was being disabled."""
    waiting = Delivery.objects.pending().filter(endpoint=endpoint)
    stray = list(waiting.select_for_update(skip_locked=True).values_list("pk", flat=True))
    waiting.filter(pk__in=stray).update(status=DeliveryStatus.SKIPPED, next_attempt_at=None)
