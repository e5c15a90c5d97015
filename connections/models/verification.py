"""What a person brought back from the provider, held until the app has said who she is."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Self

from django.db import models
from django.db.models import Q

from integrations.ids import IdField
from integrations.models import ProjectScopedModel, ProjectScopedQuerySet
from integrations.secrets import SealedField
from integrations.tokens import digest


class VerificationQuerySet(ProjectScopedQuerySet["Verification"]):
    """Verifications by their token, and those that are over."""

    def with_token(self, token: str) -> Self:
        """The verification whose token this is."""
        return self.filter(token_digest=digest(token))

    def over(self, *, now: datetime, interrupted_before: datetime) -> Self:
        """Those that nobody answered in time, and those whose process died amid the exchange."""
        late = Q(verified_at__isnull=True, expires_at__lte=now)
        return self.filter(late | Q(verified_at__lte=interrupted_before), ended_at__isnull=True)


class Verification(ProjectScopedModel):
    """One question to the app: is the person who came back from the provider the link's user?

    The token goes to the app through the person's browser; a digest is kept. So it is known only
    where that browser went, which is what keeps somebody who knows the account's id from answering
    for her. ``held`` opens once and is wiped as it does.
    """

    id = IdField("vf")
    # Found by the index `verification_of_account`.
    account = models.ForeignKey(
        "connections.ConnectedAccount",
        on_delete=models.CASCADE,
        related_name="verifications",
        db_index=False,
    )
    attempt = models.OneToOneField(
        "connections.ConnectAttempt", on_delete=models.CASCADE, related_name="verification"
    )
    token_digest = models.CharField(max_length=64, unique=True, editable=False)
    # The provider's answer or the form's fields, as a JSON object.
    held = SealedField(null=True)
    held_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    # The app's first answer, which counts: whom it named, and which of its keys it came with.
    stated_user_id = models.CharField(max_length=255, blank=True)
    answered_by = models.CharField(max_length=300, blank=True)
    verified_at = models.DateTimeField(null=True, editable=False)
    refused_at = models.DateTimeField(null=True, editable=False)
    # Set with whatever ends it: the outcome of the exchange, a refusal, the end of its time, or
    # another trip from the same link.
    ended_at = models.DateTimeField(null=True, editable=False)

    objects: ClassVar = VerificationQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["account", "-id"], name="verification_of_account"),
            # Looked through every second.
            models.Index(
                fields=["expires_at"],
                name="verification_open",
                condition=Q(ended_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return self.id

    def waits_for_app(self, *, now: datetime) -> bool:
        """Whether the app may still answer."""
        answered = self.verified_at is not None or self.ended_at is not None
        return not answered and self.expires_at > now
