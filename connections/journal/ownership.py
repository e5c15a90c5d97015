"""One lock per process: tells every process on the host whether the owner of segments lives."""

from __future__ import annotations

import contextlib
import errno
import os
from typing import TYPE_CHECKING

from connections.journal import folder as names
from connections.journal.descriptor import Descriptor

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


DRAINED = "drained"
# Bytes of a lock's file that are read.
LONGEST = 1000


class Ownership:
    """The lock of one owner, held. The file holds the name of the owner's worker.

    Once that one is dead and its entries are stored, the second line says so.
    """

    def __init__(self, path: Path, descriptor: Descriptor) -> None:
        self.path = path
        self.owner = path.name.removesuffix(names.LOCK)
        self._descriptor = descriptor

    @property
    def intact(self) -> bool:
        """Whether the lock still says anything: it is held, and others can find it."""
        return self._descriptor.linked

    def worker(self) -> str:
        """Return the name that the owner wrote; empty where it is lost."""
        return self._lines()[0]

    @property
    def drained(self) -> bool:
        """Whether it was noted that all of a dead owner's entries are stored."""
        return DRAINED in self._lines()[1:]

    def note_drained(self, worker: str) -> None:
        """Note that, beside the owner's name. Raises OSError."""
        os.pwrite(self._descriptor.number, f"{worker}\n{DRAINED}\n".encode(), 0)

    def _lines(self) -> list[str]:
        return _lines(os.pread(self._descriptor.number, LONGEST, 0))

    def release(self) -> None:
        """Let others have the owner's segments."""
        self._descriptor.unlock()
        self._descriptor.close()

    def remove(self) -> None:
        """Remove the lock's file and release it."""
        self.path.unlink(missing_ok=True)
        self.release()


def establish(folder: Path, worker: str) -> Ownership:
    """Make this process the owner of a new name. Raises OSError.

    The file gets its name after the lock is held: under that name nobody ever sees it unlocked
    while its owner lives.
    """
    folder.mkdir(mode=names.FOLDER_MODE, parents=True, exist_ok=True)
    path = names.lock_path(folder, names.new_owner())
    unfinished = path.with_suffix(names.UNFINISHED)
    descriptor = Descriptor(unfinished, os.O_RDWR | os.O_CREAT | os.O_EXCL)
    try:
        if not descriptor.lock():
            raise BlockingIOError(errno.EWOULDBLOCK, "A new file is locked.")
        os.write(descriptor.number, f"{worker}\n".encode())
        unfinished.rename(path)
    except OSError:
        descriptor.close()
        unfinished.unlink(missing_ok=True)
        raise
    return Ownership(path, descriptor)


def take_over(folder: Path, owner: str) -> Ownership | None:
    """Take the lock of an owner that is gone. Raises OSError.

    Returns None where the owner lives, or somebody else took it over. Where the lock's file was
    lost, a new one serves: all who look for it find the same.
    """
    path = names.lock_path(folder, owner)
    descriptor = Descriptor(path, os.O_RDWR | os.O_CREAT)
    # One that was removed between opening and locking locks nobody out.
    if descriptor.lock() and descriptor.linked:
        return Ownership(path, descriptor)
    descriptor.close()
    return None


def named_in(folder: Path, owners: Iterable[str]) -> set[str]:
    """Return the names of the workers that these locks' files hold."""
    found: set[str] = set()
    for owner in owners:
        # One that is gone by now names nobody.
        with contextlib.suppress(OSError):
            found.add(_lines(names.lock_path(folder, owner).read_bytes()[:LONGEST])[0])
    return found - {""}


def _lines(content: bytes) -> list[str]:
    return [line.strip() for line in content.decode(errors="replace").split("\n")]
