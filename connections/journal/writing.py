"""Appends entries to this process's own segments."""

from __future__ import annotations

import contextlib
import errno
import os
import threading
from typing import TYPE_CHECKING

import structlog

from connections.journal import folder as names
from connections.journal import segment as segments
from connections.journal.frame import encode
from connections.journal.ownership import establish

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from connections.journal.entry import Entry
    from connections.journal.ownership import Ownership
    from connections.journal.segment import Segment

log = structlog.get_logger(__name__)


class Writer:
    """The one writer of this process in one folder, for all of its threads.

    Its methods never raise: what goes wrong is told by `trouble` and, once, in the log.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ownership: Ownership | None = None
        self._segment: Segment | None = None
        self._number = 0
        self._lock = threading.Lock()
        self._trouble = ""

    @property
    def trouble(self) -> str:
        """What keeps entries from being written; empty where nothing does."""
        return self._trouble

    @property
    def owner(self) -> str:
        """The name of this process's files; empty before the first of them."""
        return self._ownership.owner if self._ownership else ""

    def append(self, entry: Entry) -> bool:
        """Append ``entry``; return whether it would now survive the end of this process."""
        return self._attempt(lambda: self._append(encode(entry), entry.worker), proves=True)

    def announce(self, worker: str) -> bool:
        """Show others that ``worker`` lives and runs in this process."""

        def own() -> None:
            with self._lock:
                self._own(worker)

        return self._attempt(own, proves=False)

    def sync(self) -> bool:
        """Return once what was appended is on the disk, or False where it cannot get there."""
        return self._attempt(self._flush, proves=False)

    def renew(self, now: datetime) -> bool:
        """Keep everything appended so far for another full retention, counted from ``now``."""

        def renew() -> None:
            for path in self._own_paths():
                names.renew(path, now)

        return self._attempt(renew, proves=False)

    def closed(self) -> list[Path]:
        """Return own segments that are not appended to any more; ends one that has aged."""
        with self._lock:
            if self._segment and self._segment.aged:
                self._end_segment()
            current = self._segment.path if self._segment else None
        return [path for path in self._own_paths() if path != current]

    def close(self) -> None:
        """Give up the files: what is left in them is for whoever looks for orphans next."""
        self._attempt(self._close, proves=False)

    def _attempt(self, act: Callable[[], None], *, proves: bool) -> bool:
        try:
            act()
        except Exception as error:  # noqa: BLE001 - tokens in hand must reach the database anyway
            self._failed(error)
            return False
        if proves and self._trouble:
            self._worked()
        return True

    def _append(self, frame: bytes, worker: str) -> None:
        with self._lock:
            segment = self._segment_for(len(frame), worker)
            segment.append(frame)

    def _segment_for(self, length: int, worker: str) -> Segment:
        ownership = self._own(worker)
        if self._segment and not self._segment.takes(length):
            self._end_segment()
        if self._segment is None:
            self._number += 1
            self._segment = segments.begin(self._folder, ownership.owner, self._number)
        return self._segment

    def _own(self, worker: str) -> Ownership:
        if self._ownership is None or not self._ownership.intact:
            # The folder was emptied under us: what is written to the old files would be lost.
            self._end_segment()
            self._ownership = establish(self._folder, worker)
        return self._ownership

    def _end_segment(self) -> None:
        if self._segment:
            self._segment.descriptor.close()
        self._segment = None

    def _close(self) -> None:
        with self._lock:
            self._end_segment()
            ownership, self._ownership = self._ownership, None
        if ownership and names.segments(self._folder).get(ownership.owner):
            ownership.release()
        elif ownership:
            ownership.remove()

    def _flush(self) -> None:
        with self._lock:
            if self._segment and not self._segment.descriptor.linked:
                raise FileNotFoundError(errno.ENOENT, "The folder was emptied.")
        for path in self._own_paths():
            # One that is gone was removed because the database has it all.
            with contextlib.suppress(FileNotFoundError):
                segments.flush(path)
        if self.owner:
            segments.flush(self._folder)

    def _own_paths(self) -> list[Path]:
        return names.segments(self._folder).get(self.owner, []) if self.owner else []

    def _failed(self, error: Exception) -> None:
        trouble = _describe(error)
        with self._lock:
            before, self._trouble = self._trouble, trouble
        if not before:
            log.error("journal_unwritable", folder=str(self._folder), error=trouble)

    def _worked(self) -> None:
        with self._lock:
            before, self._trouble = self._trouble, ""
        if before:
            log.warning("journal_writable_again", folder=str(self._folder))


def _describe(error: Exception) -> str:
    """Return the type, and what the system calls it, in up to 100 characters."""
    number = error.errno if isinstance(error, OSError) else None
    called = f" ({errno.errorcode.get(number, number)}: {os.strerror(number)})" if number else ""
    return f"{type(error).__name__}{called}"[:100]
