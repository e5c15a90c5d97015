"""The outbox: what happened, recorded in the transaction that made it happen."""

from __future__ import annotations

import json
from typing import Any

from django.db import models

from integrations.ids import IdField
from integrations.models import ProjectScopedModel
from integrations.secrets import SealedField, Secret


class EventType(models.TextChoices):
    """The kinds of events, as subscribers name them."""

    INITIATED = "connected_account.initiated"
    ACTIVATED = "connected_account.activated"
    EXPIRED = "connected_account.expired"
    DEACTIVATED = "connected_account.deactivated"
    REACTIVATED = "connected_account.reactivated"
    REVOKED = "connected_account.revoked"
    FAILED = "connected_account.failed"
    DELETED = "connected_account.deleted"
    REFRESH_FAILING = "connected_account.refresh_failing"
    REFRESH_RECOVERED = "connected_account.refresh_recovered"
    EXPIRING_SOON = "connected_account.expiring_soon"
    MISCONFIGURED = "auth_config.misconfigured"
    TEST = "endpoint.test"


class Event(ProjectScopedModel):
    """One thing that happened to a subject (a connected account, an auth config, an endpoint)."""

    id = IdField("evt")
    project = models.ForeignKey(
        "integrations.Project", on_delete=models.PROTECT, editable=False, db_index=False
    )
    # Order of recording: per subject it is the order in which things happened, because whoever
    # records holds the subject's row lock.
    sequence = models.BigIntegerField(unique=True, editable=False)
    type = models.CharField(max_length=60, choices=EventType)
    subject_id = models.CharField(max_length=32, db_collation="C")
    tenant_id = models.CharField(max_length=255, blank=True)
    data = models.JSONField()
    # The part of the data that is itself a credential, such as a reconnect link.
    sealed_data = SealedField(null=True)
    occurred_at = models.DateTimeField()

    class Meta:
        ordering = ["-sequence"]
        indexes = [
            models.Index(fields=["subject_id", "sequence"], name="event_of_subject"),
            # A quiet project's newest ones stand far from the newest of all.
            models.Index(fields=["project", "sequence"], name="event_of_project"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.id}"

    def payload(self) -> dict[str, Any]:
        """Return what a subscriber of this project receives: ``type``, ``timestamp``, ``data``.

        The shape is Standard Webhooks' recommended one. It may hold a reconnect link, so it goes
        to the project's own endpoints and API only, never to a page or log.
        """
        sealed_data: Secret | None = self.sealed_data
        sealed = json.loads(sealed_data.reveal()) if sealed_data else {}
        return {
            "id": self.id,
            "type": self.type,
            "timestamp": self.occurred_at.isoformat(),
            "data": self.data | sealed,
        }
