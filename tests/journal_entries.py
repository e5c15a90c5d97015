"""Entries of the journal as a refresh makes them, sealed for real or only in looks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from connections.journal import Entry
from integrations.secrets.field import Sealed

NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
KEY_ID = "0123abcd"


def account(number: int) -> str:
    """Return the id of the ``number``-th account."""
    return f"ca_{number:022d}"


def make_entry(number: int = 0, **facts: Any) -> Entry:
    """Return an entry of the ``number``-th account, with ``facts`` instead of what is usual."""
    usual: dict[str, Any] = {
        "attempt_id": f"ra_{number}",
        "account_id": account(number),
        "project_id": "pr_1",
        "generation": 1,
        "payload": Sealed(f"{KEY_ID}.{number:0>80}"),
        "refresh_token_digest": "d" * 64,
        "trigger": "schedule",
        "worker": "host:1:abc",
        "http_status": 200,
        "started_at": NOW - timedelta(seconds=1),
        "obtained_at": NOW,
        "expires_at": NOW + timedelta(hours=1),
        "refresh_at": NOW + timedelta(minutes=42),
        "probe_at": None,
        "grant_ends_at": None,
        "scopes": ["notes:read", "notes:write"],
    }
    return Entry(**(usual | facts))


def unreadable(folder: Path, name: str = "gone-9-zz.000001.journal") -> Path:
    """Return a segment that can be opened and not be read: the system says EIO."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.symlink_to("/proc/self/mem")
    return path
