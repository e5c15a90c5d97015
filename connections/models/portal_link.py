"""A short-lived hosted page where a person sees and ends the app's access to her accounts."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Self

from django.db import models

from integrations.ids import IdField
from integrations.models import ProjectScopedModel, ProjectScopedQuerySet
from integrations.tokens import digest


class PortalLinkQuerySet(ProjectScopedQuerySet["PortalLink"]):
    """Portal links by their token."""

    def with_token(self, token: str) -> Self:
        """The link whose token this is."""
        return self.filter(token_digest=digest(token))


class PortalLink(ProjectScopedModel):
    """One way into the portal of ``entity``. The token is in the URL only; a digest is kept.

    Looking consumes nothing, because chat programs fetch links. The person's POST binds the link
    to that browser, which may come back until it expires; another browser is not let in.
    """

    id = IdField("pl")
    entity = models.ForeignKey(
        "connections.Entity", on_delete=models.CASCADE, related_name="portal_links"
    )
    token_digest = models.CharField(max_length=64, unique=True, editable=False)
    callback_url = models.CharField(max_length=2000, blank=True)
    created_by = models.CharField(max_length=300)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    # Digest of the cookie of the browser that opened it.
    browser_digest = models.CharField(max_length=64, blank=True, editable=False)
    opened_at = models.DateTimeField(null=True, editable=False)
    # When it was withdrawn before its end.
    withdrawn_at = models.DateTimeField(null=True, editable=False)

    objects: ClassVar = PortalLinkQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.id

    def is_over(self, *, now: datetime) -> bool:
        """Whether nobody is let in any more."""
        return self.withdrawn_at is not None or self.expires_at <= now
