"""What this process appended and nobody has said to be stored: its own answers on their way."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from connections.journal.entry import Entry


class Pending:
    """Entries by attempt, each with since when it counts. Safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: dict[str, tuple[float, Entry]] = {}
        self.used = False

    def note(self, entry: Entry) -> None:
        """Remember ``entry`` from now on."""
        with self._lock:
            self.used = True
            self._entries[entry.attempt_id] = time.monotonic(), entry

    def forget(self, attempt_ids: Iterable[str]) -> None:
        """Remember these no longer."""
        with self._lock:
            for attempt_id in attempt_ids:
                self._entries.pop(attempt_id, None)

    def postpone(self, attempt_ids: Iterable[str], seconds: float) -> None:
        """Count those of these that are remembered from ``seconds`` ahead of now on."""
        since = time.monotonic() + seconds
        with self._lock:
            for attempt_id in attempt_ids:
                if attempt_id in self._entries:
                    self._entries[attempt_id] = since, self._entries[attempt_id][1]

    def older_than(self, seconds: float) -> list[Entry]:
        """Return those that count since ``seconds`` ago or longer."""
        until = time.monotonic() - seconds
        with self._lock:
            return [entry for since, entry in self._entries.values() if since <= until]
