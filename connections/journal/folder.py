"""Names of the files in the journal's folder.

``<host>-<pid>-<random>.lock`` belongs to one process, and so do its segments,
``<host>-<pid>-<random>.<number>.journal``. What stands before the first dot is the owner.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import socket
from collections import defaultdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from connections.journal.damage import tell_error

if TYPE_CHECKING:
    from pathlib import Path

LOCK, SEGMENT, UNFINISHED = ".lock", ".journal", ".lock.new"
FOLDER_MODE = 0o700


def new_owner() -> str:
    """Return a name for the files of this process that no other process had or will have."""
    host = re.sub(r"[^A-Za-z0-9_-]", "_", socket.gethostname())[:64]
    return f"{host}-{os.getpid()}-{secrets.token_hex(8)}"


def lock_path(folder: Path, owner: str) -> Path:
    return folder / f"{owner}{LOCK}"


def segment_path(folder: Path, owner: str, number: int) -> Path:
    return folder / f"{owner}.{number:06d}{SEGMENT}"


def names(folder: Path) -> list[str]:
    """Return the names of all files, sorted; none where there is no folder. Raises OSError."""
    try:
        return sorted(os.listdir(folder))  # noqa: PTH208 - a name is all that is needed
    except FileNotFoundError:
        return []  # Nothing was written yet.
    except NotADirectoryError as error:
        tell_error(folder, error)
        return []  # Nor will anything be.
    except OSError as error:
        tell_error(folder, error)
        raise


def segments(folder: Path) -> dict[str, list[Path]]:
    """Return every owner with its segments, the oldest first. Some have a lock only.

    Raises OSError.
    """
    found: dict[str, list[Path]] = defaultdict(list)
    for name in names(folder):
        owner = name.partition(".")[0]
        if name.endswith(SEGMENT):
            found[owner].append(folder / name)
        elif name == f"{owner}{LOCK}":
            found[owner] += []
    return dict(found)


def states(folder: Path) -> dict[Path, tuple[int, int]]:
    """Return every segment with its size in bytes and the time of its last change in ns.

    Raises OSError.
    """
    found = {}
    for path in (folder / name for name in names(folder) if name.endswith(SEGMENT)):
        try:
            state = path.stat()
        except FileNotFoundError:
            continue  # Removed since, by whoever stored it.
        found[path] = (state.st_size, state.st_mtime_ns)
    return found


def modified(path: Path) -> datetime:
    """Return when ``path`` was last written; the beginning of time where it is gone."""
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except FileNotFoundError:
        return datetime.min.replace(tzinfo=UTC)


def renew(path: Path, now: datetime) -> None:
    """Have ``path`` count as written ``now``, unless it is gone. Raises OSError."""
    with contextlib.suppress(FileNotFoundError):
        os.utime(path, (now.timestamp(), now.timestamp()))
