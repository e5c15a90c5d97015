"""Puts an event into the outbox."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction

from integrations.secrets import Secret
from webhooks.models import Delivery, Endpoint, Event
from webhooks.tasks import wake_deliverer

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from integrations.models import Project
    from webhooks.models import EventType


def record_event(
    *,
    project: Project,
    type: EventType,  # noqa: A002 - the name subscribers know
    subject_id: str,
    data: Mapping[str, Any],
    now: datetime,
    tenant_id: str = "",
    sealed_data: Mapping[str, str] | None = None,
    endpoints: Iterable[Endpoint] | None = None,
) -> Event:
    """Record an event and a delivery for every endpoint that wants it; wake the deliverer.

    Runs inside the caller's transaction, so that a change and its event are one commit. The
    caller holds a lock on the subject's row: the sequence then follows the order of the changes.

    Args:
        data: what subscribers receive; goes to the database as it is.
        sealed_data: entries of the data that are credentials themselves; stored sealed.
        endpoints: who receives it, instead of those that subscribe to it.

    Raises:
        TransactionManagementError: there is no transaction to be part of.
    """
    if not connection.in_atomic_block:
        message = "An event is recorded in the transaction that changes the state."
        raise transaction.TransactionManagementError(message)
    event = Event(
        project=project,
        type=type,
        subject_id=subject_id,
        tenant_id=tenant_id,
        data=dict(data),
        occurred_at=now,
        sequence=_next_sequence(),
    )
    if sealed_data:
        event.sealed_data = Secret(json.dumps(dict(sealed_data)))
    event.save(force_insert=True)
    _fan_out(event, Endpoint.objects.subscribed_to(event) if endpoints is None else endpoints)
    return event


def _next_sequence() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('webhooks_event_sequence')")
        return int(cursor.fetchone()[0])


def _fan_out(event: Event, endpoints: Iterable[Endpoint]) -> None:
    deliveries = [
        Delivery(
            project_id=event.project_id,
            event=event,
            endpoint=endpoint,
            subject_id=event.subject_id,
            sequence=event.sequence,
            next_attempt_at=event.occurred_at,
        )
        for endpoint in endpoints
    ]
    Delivery.objects.bulk_create(deliveries)
    if deliveries:
        transaction.on_commit(wake_deliverer)
