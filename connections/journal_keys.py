"""Counts the journals' texts by key, for whoever wants to retire a key."""

from __future__ import annotations

import errno
import socket
from collections import Counter
from datetime import timedelta
from typing import Any, Final

from django.conf import settings
from django.db.models.functions import Now

from connections import journal
from connections.models import JournalFolder

# Counting reads what is new in the files.
COUNT_SECONDS: Final = 60.0
# Less than that, so that a process does not take its own last count for another's.
LATELY_SECONDS: Final = 45.0
# For so long a host is remembered: it may come back, and its journal with it.
KEPT: Final = timedelta(days=1)


def count_by_key() -> dict[str, int]:
    """Return how many entries are sealed with which key, in the journals of all hosts.

    This host's journal is read. Of the others' there is what their processes last told, whether
    they refresh, serve the web or have ended: a journal may come back with its host.

    Raises:
        OSError: this host's journal cannot be read now, or another one's could not.
    """
    counts = Counter(journal.key_counts())
    for folder in JournalFolder.objects.exclude(host=_host(), path=_path()):
        if folder.trouble:
            raise OSError(errno.EIO, f"the journal of {folder.host}: {folder.trouble}")
        counts += Counter(folder.keys)
    return dict(counts)


def tell() -> dict[str, int]:
    """Count this host's journal and write that down; return the counts.

    Where it cannot be read the last counts stand, and the row says that they may be too few: then
    nothing is returned, and no key is retired.
    """
    facts: dict[str, Any] = {"counted_at": Now(), "trouble": ""}
    try:
        facts["keys"] = journal.key_counts()
    except OSError as error:
        facts["trouble"] = f"{type(error).__name__} ({error.errno})"
    JournalFolder.objects.bulk_create(
        [JournalFolder(host=_host(), path=_path(), **facts)],
        update_conflicts=True,
        unique_fields=["host", "path"],
        update_fields=list(facts),
    )
    JournalFolder.objects.filter(counted_at__lt=Now() - KEPT).delete()
    keys: dict[str, int] = facts.get("keys", {})
    return keys


def told_lately() -> bool:
    """Whether some process of this host has written its counts a moment ago."""
    mine = JournalFolder.objects.filter(host=_host(), path=_path())
    return mine.filter(counted_at__gt=Now() - timedelta(seconds=LATELY_SECONDS)).exists()


def is_told_of() -> bool:
    """Whether a process of this host told that keys are in its journal, or may be."""
    mine = JournalFolder.objects.filter(host=_host(), path=_path())
    return mine.exclude(keys={}, trouble="").exists()


def _host() -> str:
    return socket.gethostname()[:100]


def _path() -> str:
    return str(settings.JOURNAL_FOLDER)[-300:]
