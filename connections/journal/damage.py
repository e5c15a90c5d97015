"""Tells of what cannot be read, once per file: the rest is read all the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from pathlib import Path

log = structlog.get_logger(__name__)

_told: dict[Path, object] = {}


def tell_damage(path: Path, **facts: object) -> None:
    """Log that ``path`` cannot be read as a whole, the first time in this process."""
    mine = object()
    # Without a lock, which a fork might leave held in the child.
    if _told.setdefault(path, mine) is mine:
        log.warning("journal_damaged", file=path.name, **facts)


def tell_error(path: Path, error: OSError) -> None:
    """Log that the system does not let ``path`` be read."""
    tell_damage(path, error=type(error).__name__, errno=error.errno)
