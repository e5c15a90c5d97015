"""One host's journal, as a process there last counted it."""

from django.db import models


class JournalFolder(models.Model):
    """How many texts in a journal's folder are sealed with which key.

    Written once a minute by whatever writes or looks after the journal, refreshing or not, and kept
    for a day after the last time: a host that is away may come back, and its journal with it.
    """

    host = models.CharField(max_length=100)
    path = models.CharField(max_length=300)
    keys = models.JSONField(default=dict)
    # What kept it from being counted the last time: `keys` may say too little.
    trouble = models.CharField(max_length=100, blank=True)
    counted_at = models.DateTimeField()

    class Meta:
        ordering = ["host", "path"]
        constraints = [
            models.UniqueConstraint(fields=["host", "path"], name="one_row_per_journal_folder")
        ]

    def __str__(self) -> str:
        return f"{self.host}:{self.path}"
