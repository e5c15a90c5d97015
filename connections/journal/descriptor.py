"""File descriptors that a forked child does not keep.

An flock belongs to the open file, which a child shares with its parent: were the descriptor left
open in the child, the lock would outlive the parent, and nobody could tell that it has died. Hence
the child closes its copies, which leaves the parent's lock alone (flock(2): the lock is released
by LOCK_UN on any copy, or when all of them are closed).
"""

from __future__ import annotations

import fcntl
import os
import threading
from typing import TYPE_CHECKING
from weakref import WeakSet

if TYPE_CHECKING:
    from pathlib import Path

FILE_MODE = 0o600

# Held while a descriptor is opened and noted, and over every fork: no child gets one unnoted.
# Re-entrant, as the garbage collector may close one anywhere.
_noting = threading.RLock()
_open: WeakSet[Descriptor] = WeakSet()


class Descriptor:
    """An open file that is closed in forked children, and when it is not referred to any more."""

    def __init__(self, path: Path, flags: int) -> None:
        """Open ``path``; a new file is for its owner only. Raises OSError."""
        self.number = -1
        with _noting:
            self.number = os.open(path, flags, FILE_MODE)
            _open.add(self)

    def lock(self) -> bool:
        """Take the file's lock; return False where another open file has it."""
        try:
            fcntl.flock(self.number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def unlock(self) -> None:
        """Release the lock for good, whoever inherited a copy of the descriptor."""
        if self.number >= 0:
            fcntl.flock(self.number, fcntl.LOCK_UN)

    @property
    def linked(self) -> bool:
        """Whether the file still has a name."""
        return self.number >= 0 and os.fstat(self.number).st_nlink > 0

    def close(self) -> None:
        """Close it, once."""
        with _noting:
            number, self.number = self.number, -1
            if number >= 0:
                os.close(number)

    def __del__(self) -> None:
        self.close()


def _close_in_child() -> None:
    for descriptor in list(_open):
        descriptor.close()
    _noting.release()


os.register_at_fork(
    before=_noting.acquire, after_in_parent=_noting.release, after_in_child=_close_in_child
)
