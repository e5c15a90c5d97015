"""When an imported grant is proven for the first time."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from connections.schedule import new_grant_columns, next_warning, plan

if TYPE_CHECKING:
    from datetime import datetime

    from connections.importing.checking import Grant

# A hundred thousand accounts that are imported in a row are not refreshed in a row.
SPREAD_SECONDS: Final = 600.0


def first_columns(grant: Grant, *, now: datetime) -> dict[str, Any]:
    """Return the account's columns that follow from a grant nobody has proven yet.

    What can be refreshed is refreshed within some minutes, whatever is left of its access token:
    that proves it. The rest is probed then.
    """
    tokens, auth_config = grant.tokens, grant.auth_config
    times = plan(tokens=tokens, auth_config=auth_config, granted_at=grant.granted_at, now=now)
    soon = _soon(times.expires_at, now)
    renewed = tokens.refresh_token is not None
    can_be_asked = auth_config.catalog_entry.identity is not None
    return new_grant_columns(tokens=tokens, auth_config=auth_config, now=now) | {
        "granted_at": grant.granted_at,
        "expires_at": times.expires_at,
        "refreshed_at": None,
        "last_verified_at": None,
        "refresh_at": soon if renewed else times.refresh_at,
        "probe_at": soon if can_be_asked and not renewed else None,
        "grant_ends_at": times.grant_ends_at,
        "next_warning_at": next_warning(grant_ends_at=times.grant_ends_at, now=now),
    }


def _soon(expires_at: datetime | None, now: datetime) -> datetime:
    """Return a moment within the spread, before the access token ends where it still lives."""
    left = (expires_at - now).total_seconds() if expires_at else SPREAD_SECONDS
    longest = min(left, SPREAD_SECONDS) if left > 0 else SPREAD_SECONDS
    return now + timedelta(seconds=random.uniform(0, longest))  # noqa: S311 - no secret
