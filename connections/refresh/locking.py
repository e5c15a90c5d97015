"""Locks the rows of many accounts before what came of calls is stored on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integrations.statements import dicts, rows

if TYPE_CHECKING:
    from collections.abc import Sequence

_LOCK = """
SELECT id, status, status_reason, grant_generation, refresh_failures, lease_id, streak_id
FROM connections_connectedaccount WHERE id = ANY(%(ids)s) ORDER BY id FOR UPDATE
"""
_LOCK_FREE = f"{_LOCK} SKIP LOCKED"
_EXISTING = "SELECT id FROM connections_connectedaccount WHERE id = ANY(%(ids)s)"


def lock_accounts(account_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Lock accounts, in the order of their ids so that nobody waits in a circle; return them."""
    return {row["id"]: row for row in dicts(_LOCK, {"ids": list(account_ids)})}


def lock_free_accounts(
    account_ids: Sequence[str],
) -> tuple[dict[str, dict[str, Any]], set[str]]:
    """Lock those accounts that nobody else has locked; return them, and the ids of the others."""
    found = {row["id"]: row for row in dicts(_LOCK_FREE, {"ids": list(account_ids)})}
    missing = [pk for pk in account_ids if pk not in found]
    taken = {pk for (pk,) in rows(_EXISTING, {"ids": missing})} if missing else set()
    return found, taken
