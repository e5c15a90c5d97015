"""A grant that is dead here and must die at the provider too."""

import math

from django.db import models
from django.db.models import Q

from integrations.ids import IdField
from integrations.models import ProjectScopedModel
from integrations.secrets import SealedField


class Revocation(ProjectScopedModel):
    """Credentials on their way out: kept sealed until the provider has revoked them (RFC 7009).

    When it is done or given up the payload is wiped and the row stays as the record of it.
    """

    id = IdField("rv")
    account = models.ForeignKey(
        "connections.ConnectedAccount", on_delete=models.CASCADE, related_name="revocations"
    )
    payload = SealedField(null=True)
    # Whose grant it is: where that person has reconnected since, it must live.
    identity_id = models.CharField(max_length=255, blank=True)
    # Where the tokens were issued, and to which client: tokens of a refused reconnect are not from
    # where the account is. Null, of a row from before this was kept: as the account has it.
    parameters = models.JSONField(null=True, editable=False)
    oauth_client_id = models.CharField(max_length=500, blank=True, db_default="", editable=False)
    redirect_uri = models.CharField(max_length=2000, blank=True, db_default="", editable=False)
    requested_by = models.CharField(max_length=300)
    requested_at = models.DateTimeField()
    next_attempt_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    attempt_count = models.PositiveIntegerField(default=0)
    confirmed_at = models.DateTimeField(null=True)
    given_up_at = models.DateTimeField(null=True)
    # Of an incident: it is tried until the provider says yes, or that it cannot.
    insisted = models.BooleanField(default=False, db_default=False)
    # Of tokens that came when an incident had ended their account, or closed its auth config: that
    # one, which is not sure before they are revoked. It is forgotten on its own.
    incident = models.ForeignKey(
        "connections.BulkJob",
        on_delete=models.DO_NOTHING,
        null=True,
        related_name="+",
        editable=False,
        db_index=False,
        db_constraint=False,
    )
    # When the tokens were refreshed: many a provider ends a grant by a live access token only.
    renewed_at = models.DateTimeField(null=True, editable=False)
    superseded_at = models.DateTimeField(null=True)
    error_code = models.CharField(max_length=100, blank=True)

    # Of a claimed row: whether its tokens may be refreshed, and until when by `integrations.clock`.
    may_renew = False
    calls_end_at = math.inf

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(
                fields=["next_attempt_at"],
                name="revocation_due",
                condition=Q(next_attempt_at__isnull=False),
            ),
            models.Index(
                fields=["incident"],
                name="revocation_of_incident",
                condition=Q(incident__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.id
