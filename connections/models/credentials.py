"""The sealed credentials of one account, in a table that no list joins."""

from __future__ import annotations

from django.db import models

from connections.models.connected_account import ConnectedAccount
from integrations.models import ProjectScopedModel
from integrations.secrets import SealedField


class Credentials(ProjectScopedModel):
    """What proves to the provider that the entity allowed this.

    ``payload`` is a JSON object sealed under ``generation``, which counts up with every change:
    writing is a compare-and-swap on it, and an older text does not open again.
    """

    account = models.OneToOneField(
        ConnectedAccount, on_delete=models.CASCADE, primary_key=True, related_name="credentials"
    )
    generation = models.PositiveBigIntegerField(default=1)
    payload = SealedField(version_attribute="generation")
    # SHA-256 of the refresh token, to tell generations apart without opening anything.
    refresh_token_digest = models.CharField(max_length=64, blank=True)
    obtained_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "credentials"

    def __str__(self) -> str:
        return f"credentials of {self.account_id}, generation {self.generation}"
