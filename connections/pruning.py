"""Keeps the history small: what is forgotten when, and the round that forgets it.

Refreshes, their tallies, proofs, links, events and what came of each account of a bulk job are kept
for ``HISTORY_DAYS``; changes of status, revocations, mails to people, the jobs themselves and the
audit trail of staff for ``AUDIT_DAYS``; sessions of staff until they expire; breakers until they
have been open for a day without a call. What a page or a later step still needs stays: an account's
newest refreshes and proofs, its last change of status, the link that says where it leads back to.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import structlog
from django.conf import settings
from django.db.models import Exists, OuterRef, Q, Subquery

from connections.bulk.counting import keep_counts
from connections.models import (
    Breaker,
    BulkItem,
    BulkJob,
    ConnectAttempt,
    ConnectLink,
    ExpiryNotice,
    PortalLink,
    Proof,
    RefreshAttempt,
    RefreshTally,
    Revocation,
    Transition,
)
from connections.models.bulk import Kind
from integrations.models import AuditEntry
from integrations.pruning import Policy, Pruning
from integrations.sessions import forget_expired_sessions
from webhooks import pruning as webhooks

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import Model, QuerySet

log = structlog.get_logger(__name__)

# So many refreshes and proofs of an account stay, however old: they tell how it came to its end.
KEPT_ATTEMPTS: Final = 5
# In one round, which comes about once a minute.
LIMIT: Final = 20_000

_pruning = Pruning()


def prune(*, now: datetime, limit: int = LIMIT) -> dict[str, int]:
    """Forget some of what is old; return how many rows of what. Short, and safe at any time."""
    history = now - timedelta(days=settings.HISTORY_DAYS)
    keep_counts(before=history)
    deleted = _pruning.run([*webhooks.policies(now=now), *policies(now=now)], limit=limit)
    # By then they are few: one a day for each auth config and outcome.
    deleted["refresh_tallies"], _ = RefreshTally.objects.filter(at__lt=history).delete()
    deleted["sessions"] = forget_expired_sessions(now=now)
    # Or it would be told of for ever that a provider is left alone.
    deleted["breakers"], _ = Breaker.objects.abandoned().delete()
    if any(deleted.values()):
        log.info("history_pruned", **{name: count for name, count in deleted.items() if count})
    return deleted


def policies(*, now: datetime) -> list[Policy]:
    """Return what this app forgets at ``now``."""
    history = now - timedelta(days=settings.HISTORY_DAYS)
    audit = now - timedelta(days=settings.AUDIT_DAYS)
    return [
        Policy(
            name="refreshes",
            rows=RefreshAttempt.objects.alias(
                later=Subquery(_newer(RefreshAttempt).values("pk")[KEPT_ATTEMPTS - 1 :][:1])
            ).filter(later__isnull=False),
            before=history,
        ),
        Policy(
            name="proofs",
            rows=Proof.objects.alias(
                later=Subquery(_newer(Proof).values("pk")[KEPT_ATTEMPTS - 1 :][:1])
            ).filter(later__isnull=False),
            before=history,
        ),
        Policy(
            name="trips",
            rows=ConnectAttempt.objects.filter(expires_at__lt=now),
            before=history,
        ),
        Policy(
            name="links",
            # The newest one with an address says where the account's next link leads back to.
            rows=ConnectLink.objects.filter(
                Q(callback_url="") | Exists(_newer(ConnectLink).exclude(callback_url="")),
                Q(completed_at__isnull=False) | Q(expires_at__lt=now),
            ),
            before=history,
        ),
        Policy(
            name="portals",
            rows=PortalLink.objects.filter(expires_at__lt=now),
            before=history,
        ),
        Policy(
            name="notices",
            # A person may refuse further mails by an old one.
            rows=ExpiryNotice.objects.filter(next_attempt_at__isnull=True),
            before=audit,
        ),
        Policy(
            name="revocations",
            rows=Revocation.objects.filter(payload__isnull=True),
            before=audit,
        ),
        Policy(
            name="bulk_items",
            # What the providers said is kept with the job before, once they are asked no more.
            rows=BulkItem.objects.filter(job__ended_at__lt=history).exclude(
                job__kind=Kind.REVOKE, job__providers_said__isnull=True
            ),
            before=history,
        ),
        Policy(
            name="bulk_jobs",
            rows=BulkJob.objects.filter(
                ~Exists(BulkItem.objects.filter(job=OuterRef("pk"))), ended_at__lt=audit
            ),
            before=audit,
        ),
        Policy(name="audit_entries", rows=AuditEntry.forgettable.all(), before=audit),
        Policy(
            name="transitions",
            rows=Transition.objects.filter(Exists(_newer(Transition))),
            before=audit,
        ),
    ]


def _newer(model: type[Model]) -> QuerySet[Any]:
    """Return the rows of the same account that came after the outer query's row."""
    rows: QuerySet[Any] = model._default_manager.filter(  # noqa: SLF001 - Django's name for it
        account=OuterRef("account"), pk__gt=OuterRef("pk")
    )
    return rows.order_by("pk")
