"""A mail to a person about a grant of hers that died or is about to."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, Self

from django.db import models
from django.db.models import Q

from integrations.ids import IdField
from integrations.models import ProjectScopedModel, ProjectScopedQuerySet
from integrations.tokens import digest

if TYPE_CHECKING:
    from connections.models.connected_account import ConnectedAccount


class NoticeCause(models.TextChoices):
    """Why the person is written to."""

    ENDED = "ended", "The grant died"
    ENDING = "ending", "The grant is about to end"
    ASKED = "asked", "Somebody asked for the mail"


class NoticeState(models.TextChoices):
    """How far the mail got."""

    WAITING = "waiting", "Waiting to be sent"
    SENDING = "sending", "Being sent"
    SENT = "sent", "Sent"
    DROPPED = "dropped", "Not needed any more"
    FAILED = "failed", "Not sent"
    UNKNOWN = "unknown", "Perhaps sent"


# One mail per account, cause and grant; what somebody asks for by hand is not counted, nor what
# was not needed in the end.
_AUTOMATIC = [NoticeCause.ENDED.value, NoticeCause.ENDING.value]


def grant_of(account: ConnectedAccount) -> str:
    """Name the grant that ``account`` has: it is another one after each reconnect."""
    return account.granted_at.isoformat() if account.granted_at else ""


class ExpiryNoticeQuerySet(ProjectScopedQuerySet["ExpiryNotice"]):
    """Notices by their token and by what is to be done about them."""

    def with_token(self, token: str) -> Self:
        """The notice whose mail has this token in its links."""
        return self.filter(token_digest=digest(token))

    def due(self, *, now: datetime) -> Self:
        """Those to be sent, and those whose sender has not come back."""
        return self.filter(next_attempt_at__lte=now)

    def with_account(self) -> Self:
        """Those with all that a mail and its pages say of the account."""
        return self.select_related(
            "project", "account__entity", "account__project", "account__auth_config__managed_app"
        )


class ExpiryNotice(ProjectScopedModel):
    """One mail about ``account``. The token is in the mail only; a digest is kept.

    ``next_attempt_at`` is set while something is left to do. An attempt whose sender was killed is
    never repeated: the mail server may have taken it, and nobody is to be told twice.
    """

    id = IdField("nt")
    account = models.ForeignKey(
        "connections.ConnectedAccount", on_delete=models.CASCADE, related_name="notices"
    )
    cause = models.CharField(max_length=8, choices=NoticeCause, editable=False)
    # Of the account, when it was decided to write.
    reason = models.CharField(max_length=40, blank=True, editable=False)
    ends_at = models.DateTimeField(null=True, editable=False)
    # Which grant it is about: a person who reconnects is written to anew when that one dies.
    grant = models.CharField(max_length=40, blank=True, editable=False)
    state = models.CharField(
        max_length=8, choices=NoticeState, default=NoticeState.WAITING, editable=False
    )
    explanation = models.CharField(max_length=300, blank=True, editable=False)
    attempt_count = models.PositiveIntegerField(default=0, editable=False)
    next_attempt_at = models.DateTimeField(null=True, editable=False)
    token_digest = models.CharField(max_length=64, null=True, unique=True, editable=False)  # noqa: DJ001 - unique where there is one
    created_by = models.CharField(max_length=300, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True, editable=False)

    objects: ClassVar = ExpiryNoticeQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "cause", "grant"],
                name="notice_once",
                condition=Q(cause__in=_AUTOMATIC) & ~Q(state=NoticeState.DROPPED.value),
            )
        ]
        indexes = [
            models.Index(
                fields=["next_attempt_at"],
                name="notice_due",
                condition=Q(next_attempt_at__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return self.id
