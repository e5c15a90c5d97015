"""One trip to a provider's consent page."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from integrations.ids import IdField
from integrations.models import ProjectScopedModel
from integrations.secrets import SealedField


class ConnectAttempt(ProjectScopedModel):
    """State (RFC 6749, 10.12), PKCE verifier (RFC 7636), nonce and issuer of one trip.

    Bound to one browser and one auth config; its answer is accepted once.
    """

    id = IdField("at")
    link = models.ForeignKey(
        "connections.ConnectLink", on_delete=models.CASCADE, related_name="attempts"
    )
    auth_config = models.ForeignKey("integrations.AuthConfig", on_delete=models.CASCADE)
    state_digest = models.CharField(max_length=64, unique=True, editable=False)
    browser_digest = models.CharField(max_length=64, editable=False)
    code_verifier = SealedField(null=True)
    # OAuth 1 (RFC 5849, 2.1): the temporary token and its secret, as JSON.
    request_token = SealedField(null=True)
    # What the person gave for the toolkit's URLs.
    parameters = models.JSONField(
        default=dict, db_default=models.Value({}, models.JSONField()), blank=True, editable=False
    )
    nonce = models.CharField(max_length=64, blank=True, editable=False)
    expected_issuer = models.CharField(max_length=500, blank=True)
    redirect_uri = models.CharField(max_length=2000)
    scopes = ArrayField(models.CharField(max_length=500), default=list)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    consumed_at = models.DateTimeField(null=True, editable=False)
    # How it ended, for the pages that tell so after a reload: a reason, the provider's own code,
    # and whose account it was, if it was the wrong one.
    outcome = models.CharField(max_length=40, blank=True)
    error_code = models.CharField(max_length=100, blank=True, db_default="")
    actual_identity = models.CharField(max_length=255, blank=True, db_default="", editable=False)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.id
