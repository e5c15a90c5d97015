"""A short-lived hosted page where a person connects or reconnects one account."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Self

from django.db import models

from integrations.ids import IdField
from integrations.models import ProjectScopedModel, ProjectScopedQuerySet
from integrations.tokens import digest


class ConnectLinkQuerySet(ProjectScopedQuerySet["ConnectLink"]):
    """Links by their token and by what they are still good for."""

    def with_token(self, token: str) -> Self:
        """The link whose token this is."""
        return self.filter(token_digest=digest(token))

    def open(self, *, now: datetime) -> Self:
        """Links that can still lead to a connection."""
        unused = self.filter(completed_at__isnull=True, refused_at__isnull=True)
        return unused.filter(expires_at__gt=now)


class ConnectLink(ProjectScopedModel):
    """One invitation to connect ``account``. The token is in the URL only; a digest is kept.

    Looking consumes nothing, because chat programs fetch links. The person's POST binds the link
    to that browser, which may try again until it succeeds; another browser finds it used.
    """

    id = IdField("cl")
    account = models.ForeignKey(
        "connections.ConnectedAccount", on_delete=models.CASCADE, related_name="links"
    )
    token_digest = models.CharField(max_length=64, unique=True, editable=False)
    callback_url = models.CharField(max_length=2000, blank=True)
    # The portal that leads here and is led back to, instead of the app. No foreign key: it is
    # forgotten on its own, and an index here would cost every link.
    portal_id = models.CharField(max_length=32, blank=True, db_default="", editable=False)
    app_state = models.CharField(max_length=2000, blank=True)
    created_by = models.CharField(max_length=300)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    # Digest of the cookie of the browser that used the link first.
    browser_digest = models.CharField(max_length=64, blank=True, editable=False)
    completed_at = models.DateTimeField(null=True, editable=False)
    # When the app said that somebody else than the link's user had opened it, or its portal was
    # withdrawn: it is dead then, and so is whoever has set out from it. See `check_not_refused`.
    refused_at = models.DateTimeField(null=True, editable=False)

    objects: ClassVar = ConnectLinkQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.id

    def is_open(self, *, now: datetime) -> bool:
        """Whether it can still lead to a connection; as `ConnectLinkQuerySet.open`."""
        unused = self.completed_at is None and self.refused_at is None
        return unused and self.expires_at > now
