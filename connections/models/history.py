"""What happened to an account: changes of status and attempts to refresh."""

from django.db import models

from connections.models.status import Reason, Status
from integrations.ids import IdField
from integrations.models import ProjectScopedModel


class Transition(ProjectScopedModel):
    """One change of status: from, to, why, by whom, and the cause in the provider's own words."""

    id = IdField("tr")
    account = models.ForeignKey(
        "connections.ConnectedAccount", on_delete=models.CASCADE, related_name="transitions"
    )
    from_status = models.CharField(max_length=12, choices=Status, blank=True)
    to_status = models.CharField(max_length=12, choices=Status)
    reason = models.CharField(max_length=40, choices=Reason)
    actor = models.CharField(max_length=300)
    # Such as the provider's error code; never a token.
    cause = models.CharField(max_length=300, blank=True)
    # Null once the event has been pruned.
    event = models.OneToOneField("webhooks.Event", on_delete=models.SET_NULL, null=True)
    occurred_at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["account", "-id"], name="transition_of_account")]

    def __str__(self) -> str:
        return f"{self.from_status or 'nothing'} to {self.to_status}: {self.reason}"


class Trigger(models.TextChoices):
    """What asked for a refresh."""

    SCHEDULE = "schedule", "Due"
    READ = "read", "A caller needed a fresh token"
    FORCED = "forced", "The provider refused the token"
    OPERATOR = "operator", "An operator asked"
    API = "api", "The app asked"


class RefreshOutcome(models.TextChoices):
    """How a refresh attempt ended. Empty: it is under way, or its worker was killed."""

    STORED = "stored", "New token stored"
    TRANSIENT = "transient", "Provider unavailable, will be tried again"
    IN_DOUBT = "in_doubt", "The provider's answer was lost"
    TERMINAL = "terminal", "The grant is dead"
    CONFIGURATION = "configuration", "The auth config is refused"
    SUPERSEDED = "superseded", "A newer grant was stored meanwhile"
    DISCARDED = "discarded", "The account was revoked or deleted meanwhile"


class RefreshAttempt(ProjectScopedModel):
    """How one refresh ended, or a row of successful ones.

    What an attempt under way is at stands on the account (``lease_...``), written before the call.
    A scheduled refresh that succeeded right after another one counts up that one's row: an account
    that is refreshed 48 times a day for years keeps a history that a person can read.
    """

    id = IdField("ra")
    # Found by the index `attempt_of_account`.
    account = models.ForeignKey(
        "connections.ConnectedAccount",
        on_delete=models.CASCADE,
        related_name="refresh_attempts",
        db_index=False,
    )
    trigger = models.CharField(max_length=12, choices=Trigger)
    worker = models.CharField(max_length=100)
    # Of the credentials that the (last) attempt was made with.
    generation = models.PositiveBigIntegerField()
    # How many refreshes this row stands for, the first begun at started_at, the last ended at
    # finished_at, which is null where a killed worker left it open.
    count = models.PositiveIntegerField(default=1)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=16, choices=RefreshOutcome)
    http_status = models.PositiveSmallIntegerField(null=True)
    error_code = models.CharField(max_length=100, blank=True)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["account", "-id"], name="attempt_of_account"),
        ]

    def __str__(self) -> str:
        return f"{self.get_trigger_display()}: {self.get_outcome_display()}"
