"""What a second factor of staff is checked against."""

from __future__ import annotations

from django.db import models

from integrations.ids import IdField
from integrations.secrets import SealedField


class FactorSecret(models.Model):
    """The key of an authenticator app, or the seed of recovery codes; allauth keeps this row's id.

    allauth has a JSON column for its factors. A text in there would be in no sealed column, and so
    would be forgotten when keys are changed.
    """

    id = IdField("fs")
    secret = SealedField()

    class Meta:
        verbose_name = "secret of a second factor"
        verbose_name_plural = "secrets of second factors"

    def __str__(self) -> str:
        return self.pk
