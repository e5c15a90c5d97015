"""The canary of one sealing key."""

from django.db import models

from integrations.secrets.field import SealedField


class KeyCanary(models.Model):
    """A known text sealed with one key; `integrations.secrets.canary` checks it at start-up.

    The row of a retired key stays, so that the key is known again where it comes back.
    """

    key_id = models.CharField(primary_key=True, max_length=8)
    text = SealedField()
    created_at = models.DateTimeField(auto_now_add=True)
    retired_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = "key canary"
        verbose_name_plural = "key canaries"

    def __str__(self) -> str:
        return self.key_id
