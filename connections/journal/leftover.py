"""Segments that nobody appends to any more: to be stored where they were not, then removed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from connections.journal import folder as names
from connections.journal import ownership as owning
from connections.journal import reading
from connections.journal.damage import tell_error

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Self

    from connections.journal.entry import Entry
    from connections.journal.ownership import Ownership


class Leftover:
    """Finished segments of one owner. To be used as a context manager.

    Attributes:
        worker: the name of the worker that wrote them; empty where it is lost.
    """

    def __init__(self, paths: list[Path], worker: str = "") -> None:
        self.paths = paths
        self.worker = worker

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    @property
    def last_written(self) -> datetime:
        """When the newest entry was appended, or the retention began anew."""
        return max(map(names.modified, self.paths), default=datetime.min.replace(tzinfo=UTC))

    def entries(self) -> Iterator[Entry]:
        """Yield the readable entries, the oldest first.

        Raises:
            OSError: at the end, where a file could not be read.
        """
        return reading.each(self.paths, lambda path: reading.entries(path, finished=True))

    def generations(self) -> Iterator[tuple[str, int]]:
        """Yield account id and replaced generation of each entry, also of those in another form.

        Raises:
            OSError: at the end, where a file could not be read.
        """
        for frame in reading.each(self.paths, lambda path: reading.frames(path, finished=True)):
            yield frame.account_id, frame.generation

    def renew(self, now: datetime) -> None:
        """Keep them for another full retention: their entries were stored only ``now``."""
        for path in self.paths:
            names.renew(path, now)

    def remove(self) -> None:
        """Remove the files. Every entry must be settled in the database. Raises OSError."""
        for path in self.paths:
            path.unlink(missing_ok=True)

    def release(self) -> None:
        """Let others have them."""


class Orphan(Leftover):
    """Everything that a process left which is gone; locked, so that one process at a time has it.

    Its segments may be none: the process ended before it had anything to write. And its worker may
    live: a process whose lock's file was removed by hand goes on under another one.
    """

    def __init__(self, paths: list[Path], ownership: Ownership) -> None:
        super().__init__(paths, ownership.worker())
        self._ownership = ownership
        # Whether its worker was seen to live under another lock.
        self.worker_lives = False
        if not self.worker:
            self.worker = next((entry.worker for entry in self.entries()), "")

    @property
    def owner(self) -> str:
        """The name of its files, which no other process has or will have."""
        return self._ownership.owner

    @property
    def last_written(self) -> datetime:
        """As for any leftover; of one without segments, when the process began."""
        return max(map(names.modified, self.paths or [self._ownership.path]))

    @property
    def drained(self) -> bool:
        """Whether some process has stored all of it, so that nobody else has to look."""
        return self._ownership.drained

    def note_drained(self) -> None:
        """Tell all processes of the host that all of it is stored. Raises OSError."""
        self._ownership.note_drained(self.worker)

    def remove(self) -> None:
        """Remove the files, and the lock with them. Raises OSError."""
        super().remove()
        self._ownership.remove()

    def release(self) -> None:
        """Give the lock back."""
        self._ownership.release()


def orphans(folder: Path) -> list[Orphan]:
    """Return what is left of processes that are gone, less what another process has in hand."""
    try:
        owners = names.segments(folder)
    except OSError:
        return []  # It was told; they are there the next time.
    taken = {owner: _take(folder, owner) for owner in owners}
    found = [orphan for orphan in taken.values() if orphan is not None]
    if found:
        others = [owner for owner, orphan in taken.items() if orphan is None]
        living = owning.named_in(folder, others)
        for orphan in found:
            orphan.worker_lives = orphan.worker in living
    return found


def remove_unfinished(folder: Path, *, before: datetime) -> None:
    """Remove locks whose owners died while they made them. Raises OSError."""
    for path in (folder / name for name in names.names(folder) if name.endswith(names.UNFINISHED)):
        if names.modified(path) < before:
            path.unlink(missing_ok=True)


def _take(folder: Path, owner: str) -> Orphan | None:
    try:
        ownership = owning.take_over(folder, owner)
        if ownership is None:
            return None
        # Listed anew under the lock: another process may have removed them a moment ago.
        orphan = Orphan(names.segments(folder).get(owner, []), ownership)
    except OSError as error:
        tell_error(names.lock_path(folder, owner), error)
        return None
    if not orphan.paths and not orphan.worker:
        orphan.remove()
        return None
    return orphan
