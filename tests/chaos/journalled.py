"""Which issued tokens reached the journal: read from its files while the run lasts.

Without Evergrant's own reader, so that a fault of that one shows. The body of an entry is a JSON
object in ASCII at the end of its frame: where it is complete, the entry is.
"""

from __future__ import annotations

import json
import re
import threading
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

# Segments are kept for ten minutes after they were stored.
LOOK_SECONDS = 5.0
BODY = re.compile(rb"\{\"[^{}]*\}")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """An entry of the journal.

    Attributes:
        digest: of the refresh token that was issued.
        obtained_at: when the answer was read, right before the entry was written, in seconds
            since 1970.
    """

    digest: str
    account: str
    generation: int
    worker: str
    obtained_at: float

    @property
    def pid(self) -> int:
        """The process that wrote it: a worker is named host:pid:life."""
        return int(self.worker.split(":")[1])


class JournalWatch:
    """Reads a folder of segments again and again, each from where it was left off.

    Attributes:
        entries: what was found, by the digest of the issued refresh token.
    """

    def __init__(self, folder: Path) -> None:
        self.entries: dict[str, Entry] = {}
        self._folder = folder
        self._read_to: dict[Path, int] = {}
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def finish(self) -> None:
        """Stop, once everything that is there was read."""
        self._ends.set()
        self._thread.join()
        self.look()

    def look(self) -> None:
        """Read what is new."""
        for path in sorted(self._folder.glob("*.journal")):
            # It may be removed between the listing and the reading.
            with suppress(FileNotFoundError):
                self._read(path)

    def _watch(self) -> None:
        while not self._ends.wait(LOOK_SECONDS):
            self.look()

    def _read(self, path: Path) -> None:
        with path.open("rb") as file:
            start = self._read_to.get(path, 0)
            file.seek(start)
            data = file.read()
        for body in BODY.finditer(data):
            entry = _entry(body.group())
            if entry is not None:
                self.entries[entry.digest] = entry
                self._read_to[path] = start + body.end()


def _entry(text: bytes) -> Entry | None:
    try:
        values = json.loads(text)
        return Entry(
            digest=values["refresh_token_digest"],
            account=values["account_id"],
            generation=values["generation"],
            worker=values["worker"],
            obtained_at=datetime.fromisoformat(values["obtained_at"]).timestamp(),
        )
    except (ValueError, KeyError):
        return None
