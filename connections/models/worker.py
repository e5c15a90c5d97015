"""A process that refreshes, as it last said of itself."""

from django.db import models


class Worker(models.Model):
    """The heartbeat of one refreshing process.

    Written every few seconds while it works, removed when it ends in order. A row that has not
    been written for a while is a process that was killed or hangs.
    """

    # Host, process id and a random part, as in the history of refreshes.
    name = models.CharField(primary_key=True, max_length=100)
    host = models.CharField(max_length=100)
    pid = models.PositiveIntegerField()
    # What runs it: the job runner's task or the command.
    started_by = models.CharField(max_length=20)
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    # Calls under way, and refreshes that ended since the start.
    under_way = models.PositiveIntegerField(default=0)
    refreshed = models.PositiveBigIntegerField(default=0)
    failed = models.PositiveBigIntegerField(default=0)
    journal_bytes = models.PositiveBigIntegerField(default=0)
    journal_trouble = models.CharField(max_length=100, blank=True)
    # How many texts in its host's journal are sealed with which key.
    journal_keys = models.JSONField(default=dict)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
