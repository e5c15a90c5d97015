"""What tests of this app make: endpoints at the receiver, and events of accounts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction

from integrations.models import Project
from webhooks.endpoints import create_endpoint
from webhooks.models import Delivery, Endpoint, Event, EventType
from webhooks.recording import record_event

if TYPE_CHECKING:
    from tests.receiver import Receiver


@dataclass(frozen=True, kw_only=True)
class Outbox:
    """One project's events on their way to the receiver."""

    project: Project
    receiver: Receiver
    now: datetime

    def subscribe(self, path: str = "/hook", **options: Any) -> tuple[Endpoint, str]:
        """Return a new endpoint at ``path`` of the receiver, and its secret."""
        url = self.receiver.url + path
        created = create_endpoint(project=self.project, url=url, **options)
        return created.endpoint, created.secret.reveal()

    def record(self, subject_id: str = "ca_1", **options: Any) -> Event:
        """Record one event of ``subject_id``, as a change of its state does."""
        given = {"type": EventType.EXPIRED, "data": {"connected_account_id": subject_id}} | options
        with transaction.atomic():
            return record_event(project=self.project, subject_id=subject_id, now=self.now, **given)

    def delivery(self, event: Event) -> Delivery:
        """Return the one delivery of ``event``."""
        delivery: Delivery = event.deliveries.get()
        return delivery
