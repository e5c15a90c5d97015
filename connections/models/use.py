"""How often an account is used."""

from __future__ import annotations

from django.db import models

from integrations.models import ProjectScopedModel


class AccountUse(ProjectScopedModel):
    """When and how often an account's token was handed out: one row, counted up.

    A table of its own, so that counting writes no index of the accounts. Processes write what they
    counted every few seconds (`connections.uses`), so it is that old.
    """

    account = models.OneToOneField(
        "connections.ConnectedAccount",
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="use",
    )
    project = models.ForeignKey(
        "integrations.Project", on_delete=models.PROTECT, editable=False, db_index=False
    )
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    count = models.PositiveBigIntegerField()
    # The day (UTC) of the last use, and the uses on it.
    day = models.DateField()
    day_count = models.PositiveBigIntegerField()

    class Meta:
        verbose_name = "use of an account"
        verbose_name_plural = "uses of accounts"

    def __str__(self) -> str:
        return f"{self.account_id}: {self.count}"
