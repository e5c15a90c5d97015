"""What is known of a provider's refusals of a client, on the row that holds the client."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

NO_REFUSALS: dict[str, object] = {
    "misconfigured_since": None,
    "misconfigured_error": "",
    "calls_blocked_until": None,
    "configuration_failures": 0,
}


class Refusable(models.Model):
    """Facts about the provider's latest refusal; cleared by an edit or a success."""

    misconfigured_since = models.DateTimeField(null=True, editable=False)
    misconfigured_error = models.CharField(max_length=100, blank=True, editable=False)
    # Until then the provider is not called with this client; see connections.refresh.
    calls_blocked_until = models.DateTimeField(null=True, editable=False)
    configuration_failures = models.PositiveIntegerField(default=0, editable=False)

    class Meta:
        abstract = True

    def mark_misconfigured(self, *, error: str, pause: timedelta, now: datetime) -> bool:
        """Note that the provider refuses this client; return whether that is news.

        Of many calls that were under way at once, the first one counts.

        Args:
            pause: how long to leave the provider alone, by the database's clock: a wrong one here
                would have everybody wait for as long.
        """
        rows = self._own_row()
        unblocked = Q(calls_blocked_until__isnull=True) | Q(calls_blocked_until__lte=Now())
        rows.filter(unblocked).update(
            calls_blocked_until=Now() + pause,
            configuration_failures=F("configuration_failures") + 1,
        )
        news = rows.filter(misconfigured_since__isnull=True)
        return bool(news.update(misconfigured_since=now, misconfigured_error=error))

    def mark_working(self) -> None:
        """Note that the provider accepts this client."""
        self.forget_refusals()
        self._own_row().filter(misconfigured_since__isnull=False).update(**NO_REFUSALS)

    def mark_former_working(self) -> None:
        """Note that the provider accepts a client of before.

        That tells nothing of the present one, but its accounts are worth calling for: the next
        refusal of the present one stops calls for a short while again.
        """
        if self.configuration_failures:
            self.configuration_failures = 0
            self._own_row().update(configuration_failures=0)

    def forget_refusals(self) -> None:
        """Let calls be made again, say after an edit. The caller saves."""
        for name, value in NO_REFUSALS.items():
            setattr(self, name, value)

    def _own_row(self) -> models.QuerySet[Refusable]:
        rows: models.QuerySet[Refusable] = type(self)._default_manager.filter(pk=self.pk)  # noqa: SLF001 - documented
        return rows
