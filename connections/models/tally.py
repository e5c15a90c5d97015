"""Counters kept as facts: what the console shows as a number, without counting rows.

Rows are only added, so nobody waits for anybody; `connections.tallies` folds those of one kind into
one. What they add up to is exact at every moment, folded or not.
"""

from django.db import models

from connections.models.history import RefreshOutcome
from connections.models.status import Status
from integrations.models import ProjectScopedModel


class Tally(ProjectScopedModel):
    """Counts something of one auth config.

    Its references have no constraint: checking them would cost more than the row, and a sum that
    outlives what it was about does no harm.
    """

    id = models.BigAutoField(primary_key=True)
    project = models.ForeignKey(
        "integrations.Project",
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_constraint=False,
        db_index=False,
        editable=False,
    )
    auth_config = models.ForeignKey(
        "integrations.AuthConfig",
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_constraint=False,
        db_index=False,
        editable=False,
    )

    class Meta:
        abstract = True


class AccountTally(Tally):
    """So many connected accounts of one kind more, or fewer, since an hour began.

    A trigger writes them (migration `tallies`), whatever statement changes an account.
    """

    status = models.CharField(max_length=12, choices=Status)
    # Active, and the last refreshes failed.
    failing = models.BooleanField()
    # The day (UTC) on which the grants of active accounts will end. Null: none known, or they live
    # for less than a day, and nobody could act.
    ends_on = models.DateField(null=True)
    # Null: longer ago than anybody asks what has changed.
    hour = models.DateTimeField(null=True)
    delta = models.BigIntegerField()

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.delta:+} {self.status}"


class RefreshTally(Tally):
    """So many refreshes that ended alike within a minute, or, folded, within a longer time.

    Successes are counted by the statement that stores them, all others by a trigger of the same
    migration. An attempt whose answer was lost and is found later ended twice, and counts twice.
    """

    at = models.DateTimeField()
    outcome = models.CharField(max_length=16, choices=RefreshOutcome)
    count = models.PositiveBigIntegerField()
    last_at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["at"], name="refresh_tally_by_time")]

    def __str__(self) -> str:
        return f"{self.count} {self.outcome} at {self.at:%Y-%m-%d %H:%M}"
