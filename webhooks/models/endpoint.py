"""A subscriber's URL."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from integrations.ids import IdField
from integrations.models import ProjectScopedModel, ProjectScopedQuerySet
from integrations.secrets import SealedField

if TYPE_CHECKING:
    from webhooks.models.event import Event


class EndpointQuerySet(ProjectScopedQuerySet["Endpoint"]):
    """Endpoints by what they subscribe to."""

    def living(self) -> Self:
        """All but the deleted ones."""
        return self.filter(deleted_at__isnull=True)

    def subscribed_to(self, event: Event) -> Self:
        """Enabled endpoints of the event's project that want it."""
        any_type = Q(event_types=[]) | Q(event_types__contains=[event.type])
        any_tenant = Q(tenant_id="") | Q(tenant_id=event.tenant_id)
        wanted = self.living().filter(any_type, any_tenant)
        return wanted.filter(project_id=event.project_id, enabled=True)


class Endpoint(ProjectScopedModel):
    """A URL of the app that receives events, signed with the endpoint's own secret."""

    id = IdField("we")
    url = models.URLField(max_length=2000)
    description = models.CharField(max_length=200, blank=True)
    event_types = ArrayField(
        models.CharField(max_length=60),
        default=list,
        blank=True,
        help_text="Kinds of events to receive; empty means all.",
    )
    tenant_id = models.CharField(
        max_length=255, blank=True, help_text="Receive only events of this customer of the app."
    )
    secret = SealedField()
    # After a rotation both secrets sign until then, so that the receiver can switch in between.
    previous_secret = SealedField(null=True)
    previous_secret_until = models.DateTimeField(null=True, editable=False)
    # Those from before that one whose time has not ended either: see `webhooks.former_secrets`.
    older_secrets = SealedField(null=True)
    enabled = models.BooleanField(default=True)
    disabled_reason = models.CharField(max_length=200, blank=True, editable=False)
    # Of the failures in a row, without a success: the first, and the last.
    failing_since = models.DateTimeField(null=True, editable=False)
    last_failed_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    # The row stays: removing it would fail a change of an account that records its event for this
    # endpoint at the same moment (the foreign key is checked at that change's commit).
    deleted_at = models.DateTimeField(null=True, editable=False)

    objects: ClassVar = EndpointQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name = "webhook endpoint"
        permissions = [("operate_endpoint", "Can test, enable and disable an endpoint")]

    def __str__(self) -> str:
        return f"{self.url} ({self.id})"
