"""What all workers know of one provider's token endpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

if TYPE_CHECKING:
    from collections.abc import Iterable


class BreakerQuerySet(models.QuerySet["Breaker"]):
    """Breakers by what they let through."""

    def open(self) -> Self:
        """Those whose endpoint is not to be called now, by the database's clock."""
        waiting = Q(open_until__gt=Now()) | Q(trial_until__gt=Now())
        return self.filter(waiting, opened_at__isnull=False)

    def of(self, endpoints: Iterable[str]) -> Self:
        """Those of the endpoints named."""
        return self.filter(pk__in=list(endpoints))


class Breaker(models.Model):
    """Stops calls to an endpoint that fails, for all projects and processes at once.

    Closed (``opened_at`` is null) it lets everything through. It opens after failures in a row
    and is open until ``open_until``. Then one call goes as a trial, under a lease
    (``trial_until``): its success closes the breaker, its failure opens it for longer.
    """

    # The origin of the token URL, such as https://oauth2.googleapis.com.
    endpoint = models.CharField(primary_key=True, max_length=300)
    failures = models.PositiveIntegerField(default=0)
    openings = models.PositiveIntegerField(default=0)
    opened_at = models.DateTimeField(null=True)
    open_until = models.DateTimeField(null=True)
    trial_until = models.DateTimeField(null=True)
    error_code = models.CharField(max_length=100, blank=True)
    last_success_at = models.DateTimeField(null=True)
    last_failure_at = models.DateTimeField(null=True)

    objects: ClassVar = BreakerQuerySet.as_manager()

    class Meta:
        ordering = ["endpoint"]

    def __str__(self) -> str:
        return self.endpoint
