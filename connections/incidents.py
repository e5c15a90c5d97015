"""The incident that tokens came too late for: it had ended their account, or closed its config."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connections.bulk.selecting import SKEW
from connections.models import BulkItem, BulkJob
from connections.models.bulk import INCIDENTS, Kind, Outcome

if TYPE_CHECKING:
    from datetime import datetime


def incident_that_ended(account_id: str, *, since: datetime) -> str | None:
    """Return the id of the incident that has revoked the account at ``since`` or later.

    Args:
        since: when the call began that brought the tokens: those of a call that began later are of
            a grant that was given after the incident.
    """
    items = BulkItem.objects.filter(
        account=account_id,
        outcome=Outcome.DONE,
        ended_at__gte=since - SKEW,
        job__kind=Kind.REVOKE,
        job__extent__in=INCIDENTS,
    )
    return items.order_by("-id").values_list("job_id", flat=True).first()


def incident_that_closed(auth_config_id: str, *, since: datetime) -> str | None:
    """Return the id of the incident that has closed the auth config since a person set out."""
    jobs = BulkJob.objects.filter(
        kind=Kind.REVOKE,
        extent__in=INCIDENTS,
        closed_configs__contains=[auth_config_id],
        created_at__gte=since - SKEW,
    )
    return jobs.order_by("-id").values_list("pk", flat=True).first()
