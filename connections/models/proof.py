"""What the provider said when it was asked whether a grant works."""

from __future__ import annotations

from django.db import models

from integrations.ids import IdField
from integrations.models import ProjectScopedModel


class ProofOutcome(models.TextChoices):
    """What was learned."""

    ALIVE = "alive", "The provider accepts the token"
    REFUSED = "refused", "The provider refused the token"
    UNKNOWN = "unknown", "No answer that tells"


class Proof(ProjectScopedModel):
    """One answer to a probe, or several alike in a row.

    A probe by schedule whose answer is that of the last one, for the same credentials, counts up
    that one's row for up to a week, as refreshes do.
    """

    id = IdField("pf")
    # Found by the index `proof_of_account`.
    account = models.ForeignKey(
        "connections.ConnectedAccount",
        on_delete=models.CASCADE,
        related_name="proofs",
        db_index=False,
    )
    project = models.ForeignKey(
        "integrations.Project", on_delete=models.PROTECT, editable=False, db_index=False
    )
    outcome = models.CharField(max_length=12, choices=ProofOutcome)
    # An actor, see connections.actors; the schedule asks through a worker.
    asked_by = models.CharField(max_length=300)
    # Of the credentials that were asked about.
    generation = models.PositiveBigIntegerField()
    http_status = models.PositiveSmallIntegerField(null=True)
    error_code = models.CharField(max_length=100, blank=True)
    count = models.PositiveIntegerField(default=1)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["account", "-id"], name="proof_of_account")]

    def __str__(self) -> str:
        return f"{self.get_outcome_display()} ({self.pk})"
