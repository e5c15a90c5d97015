"""The statements of probing that concern many accounts at once; see `connections.refresh.queries`.

The index `account_to_probe` carries the first two, so what has no proof due costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integrations.statements import as_json, dicts, rows, run

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

_DUE = """
WITH RECURSIVE due AS (
    (SELECT auth_config_id, probe_at FROM connections_connectedaccount
     WHERE probe_at IS NOT NULL ORDER BY auth_config_id, probe_at LIMIT 1)
    UNION ALL
    SELECT following.* FROM due CROSS JOIN LATERAL (
        SELECT auth_config_id, probe_at FROM connections_connectedaccount
        WHERE probe_at IS NOT NULL AND auth_config_id > due.auth_config_id
        ORDER BY auth_config_id, probe_at LIMIT 1) AS following
)
SELECT auth_config_id FROM due WHERE probe_at <= %(now)s ORDER BY probe_at
"""

# An account that somebody refreshes is proven by that.
_CLAIM = """
SELECT account.id, account.auth_config_id, account.project_id, account.toolkit, account.status,
       account.identity_id, account.expires_at, account.probe_failures, account.refused_generation
FROM jsonb_to_recordset(%(limits)s) AS share(auth_config_id text, most int)
CROSS JOIN LATERAL (
    SELECT * FROM connections_connectedaccount
    WHERE auth_config_id = share.auth_config_id AND probe_at <= %(now)s
      AND (status = 'ACTIVE' OR (status = 'EXPIRED' AND status_reason = 'rotation_lost'))
      AND (lease_until IS NULL OR lease_until <= now())
    ORDER BY probe_at LIMIT share.most FOR UPDATE SKIP LOCKED
) AS account
ORDER BY account.probe_at
"""

_POSTPONE = """
UPDATE connections_connectedaccount AS account SET probe_at = given.probe_at
FROM jsonb_to_recordset(%(rows)s) AS given(id text, probe_at timestamptz)
WHERE account.id = given.id
"""

# A refresh that failed already keeps the time of its next try.
_SETTLE = """
UPDATE connections_connectedaccount AS account
SET probe_at = given.probe_at, probe_failures = given.probe_failures,
    refused_generation = given.refused_generation,
    last_verified_at = COALESCE(given.verified_at, account.last_verified_at),
    refresh_at = CASE WHEN given.to_be_refreshed AND account.refresh_failing_since IS NULL
                 THEN LEAST(account.refresh_at, %(now)s) ELSE account.refresh_at END
FROM jsonb_to_recordset(%(rows)s) AS given(
    id text, probe_at timestamptz, probe_failures int, refused_generation bigint,
    verified_at timestamptz, to_be_refreshed boolean)
WHERE account.id = given.id
"""


def due_configs(*, now: datetime) -> list[str]:
    """Return the configs with an account whose proof is due, the longest waiting first."""
    return [pk for (pk,) in rows(_DUE, {"now": now})]


def select_due(*, limits: Mapping[str, int], now: datetime) -> list[dict[str, Any]]:
    """Lock up to so many accounts of each config whose proof is due, the longest waiting first."""
    shares = as_json({"auth_config_id": pk, "most": most} for pk, most in limits.items())
    return dicts(_CLAIM, {"limits": shares, "now": now})


def postpone(probe_times: Mapping[str, datetime | None]) -> None:
    """Write when accounts that this transaction has locked are to be probed next."""
    times = as_json({"id": pk, "probe_at": moment} for pk, moment in probe_times.items())
    run(_POSTPONE, {"rows": times})


def settle(changes: Iterable[Mapping[str, Any]], *, now: datetime) -> None:
    """Write what probes brought on accounts that this transaction has locked.

    ``verified_at`` None leaves the time of the last proof; ``to_be_refreshed`` makes a refresh
    due ``now``.
    """
    run(_SETTLE, {"rows": as_json(changes), "now": now})
