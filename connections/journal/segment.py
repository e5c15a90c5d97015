"""The segment that a process appends to."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from connections.journal import folder as names
from connections.journal.descriptor import Descriptor

if TYPE_CHECKING:
    from pathlib import Path

LONGEST_SECONDS = 60.0
LARGEST_BYTES = 8 * 1024 * 1024


class ShortWrite(OSError):
    """Fewer bytes were taken than given: the disk is full, or a limit is reached."""


@dataclass(kw_only=True)
class Segment:
    """One open file of this process, for one thread at a time."""

    path: Path
    descriptor: Descriptor
    opened: float = field(default_factory=time.monotonic)
    # Torn bytes stand at its end and cannot be removed.
    torn: bool = False

    @property
    def aged(self) -> bool:
        """Whether it is time for a new one."""
        return time.monotonic() - self.opened >= LONGEST_SECONDS

    def takes(self, length: int) -> bool:
        """Whether ``length`` bytes may be appended and would be found again."""
        state = os.fstat(self.descriptor.number)
        fits = state.st_size == 0 or state.st_size + length <= LARGEST_BYTES
        return fits and state.st_nlink > 0 and not self.torn and not self.aged

    def append(self, frame: bytes) -> None:
        """Append ``frame`` in one write. Raises OSError, having appended nothing."""
        number = self.descriptor.number
        end = os.fstat(number).st_size
        try:
            if os.write(number, frame) != len(frame):
                raise ShortWrite(ShortWrite.__doc__)
        except OSError:
            self._cut_back(end)
            raise

    def _cut_back(self, end: int) -> None:
        try:
            os.ftruncate(self.descriptor.number, end)
        except OSError:
            # Readers pass over torn bytes, but nothing is to be written behind them.
            self.torn = True


def begin(folder: Path, owner: str, number: int) -> Segment:
    """Return a new segment, the owner's ``number``-th. Raises OSError."""
    path = names.segment_path(folder, owner, number)
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL
    return Segment(path=path, descriptor=Descriptor(path, flags))


def flush(path: Path) -> None:
    """Return once the data of ``path``, a file or a folder, is on the disk. Raises OSError."""
    number = os.open(path, os.O_RDONLY)
    try:
        _flush(number)
    finally:
        os.close(number)


# Not on every system, and there fsync does a little more than is needed.
_flush = getattr(os, "fdatasync", os.fsync)
