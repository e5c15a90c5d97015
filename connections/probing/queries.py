"""The statements of probing that concern many accounts at once; see `connections.refresh.queries`.

The index `account_to_probe` carries the first two, so what has no proof due costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integrations.statements import as_json, dicts, rows, run

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
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
_COLUMNS = """
    account.id, account.auth_config_id, account.project_id, account.toolkit, account.status,
    account.parameters::text AS parameters, account.oauth_client_id,
    account.identity_id, account.expires_at, account.probe_failures, account.refused_generation
"""

_CLAIM = f"""
SELECT {_COLUMNS}
FROM jsonb_to_recordset(%(limits)s) AS share(auth_config_id text, most int)
CROSS JOIN LATERAL (
    SELECT * FROM connections_connectedaccount
    WHERE auth_config_id = share.auth_config_id AND probe_at <= %(now)s
      AND (status = 'ACTIVE' OR (status = 'EXPIRED' AND status_reason = 'rotation_lost'))
      AND (lease_until IS NULL OR lease_until <= now())
    ORDER BY probe_at LIMIT share.most FOR UPDATE SKIP LOCKED
) AS account
ORDER BY account.probe_at
"""  # noqa: S608 - constants

_CLAIM_ONE = f"""
SELECT {_COLUMNS} FROM connections_connectedaccount AS account
WHERE account.id = %(id)s AND account.status = 'ACTIVE'
  AND (account.lease_until IS NULL OR account.lease_until <= now())
FOR UPDATE SKIP LOCKED
"""  # noqa: S608 - constants

_POSTPONE = """
UPDATE connections_connectedaccount AS account
SET probe_at = given.probe_at,
    probed_at = CASE WHEN given.asked THEN %(now)s ELSE account.probed_at END
FROM jsonb_to_recordset(%(rows)s) AS given(id text, probe_at timestamptz, asked boolean)
WHERE account.id = given.id
"""

# Accounts that can be asked whether the provider accepts anybody: those that are asked by then
# anyway, and of the others those that were proven last, since they are the least likely to be dead.
_WITNESSES = """
SELECT account.id, account.probe_at
FROM unnest(%(configs)s::text[]) WITH ORDINALITY AS config(id, place)
CROSS JOIN LATERAL (
    (SELECT id, probe_at FROM {witness} AND probe_at <= %(at)s ORDER BY probe_at LIMIT %(most)s)
    UNION ALL
    (SELECT id, probe_at FROM {witness} AND probe_at > %(at)s ORDER BY probe_at DESC LIMIT %(most)s)
) AS account
ORDER BY config.place, account.probe_at > %(at)s, account.probe_at DESC LIMIT %(most)s
""".replace(
    "{witness}",
    """(
        SELECT account.* FROM connections_connectedaccount AS account
        JOIN connections_credentials AS credentials ON credentials.account_id = account.id
        WHERE credentials.refresh_token_digest = ''
    ) AS witness
    WHERE auth_config_id = config.id AND status = 'ACTIVE' AND probe_at IS NOT NULL
      AND refused_generation <> grant_generation AND probe_failures = 0
      AND (expires_at IS NULL OR expires_at > %(ends_after)s)""",
)

_HURRY = """
UPDATE connections_connectedaccount SET probe_at = %(at)s
WHERE id IN (
    SELECT id FROM connections_connectedaccount
    WHERE id = ANY(%(ids)s) AND probe_at > %(at)s FOR UPDATE SKIP LOCKED)
"""

# A refresh that failed already keeps the time of its next try. Of an account that was imported
# without its identity a probe is the first to tell it; what is known already stays.
_SETTLE = """
UPDATE connections_connectedaccount AS account
SET probe_at = given.probe_at, probe_failures = given.probe_failures,
    refused_generation = given.refused_generation,
    last_verified_at = COALESCE(given.verified_at, account.last_verified_at),
    identity_id = COALESCE(NULLIF(account.identity_id, ''), given.identity_id),
    identity_label = COALESCE(NULLIF(account.identity_label, ''), given.identity_label),
    refresh_at = CASE WHEN given.to_be_refreshed AND account.refresh_failing_since IS NULL
                 THEN LEAST(account.refresh_at, %(now)s) ELSE account.refresh_at END
FROM jsonb_to_recordset(%(rows)s) AS given(
    id text, probe_at timestamptz, probe_failures int, refused_generation bigint,
    verified_at timestamptz, to_be_refreshed boolean, identity_id text, identity_label text)
WHERE account.id = given.id
"""


def due_configs(*, now: datetime) -> list[str]:
    """Return the configs with an account whose proof is due, the longest waiting first."""
    return [pk for (pk,) in rows(_DUE, {"now": now})]


def select_due(*, limits: Mapping[str, int], now: datetime) -> list[dict[str, Any]]:
    """Lock up to so many accounts of each config whose proof is due, the longest waiting first."""
    shares = as_json({"auth_config_id": pk, "most": most} for pk, most in limits.items())
    return dicts(_CLAIM, {"limits": shares, "now": now})


def select_one(*, account_id: str) -> list[dict[str, Any]]:
    """Lock an ACTIVE account that nobody else is at; empty where somebody is."""
    return dicts(_CLAIM_ONE, {"id": account_id})


def postpone(
    probe_times: Mapping[str, datetime | None], *, asked: Collection[str], now: datetime
) -> None:
    """Write when accounts that this transaction has locked are to be probed next.

    Args:
        asked: those of them that are asked about ``now``.
    """
    times = as_json(
        {"id": pk, "probe_at": moment, "asked": pk in asked} for pk, moment in probe_times.items()
    )
    run(_POSTPONE, {"rows": times, "now": now})


def find_witnesses(
    *, config_ids: Sequence[str], at: datetime, ends_after: datetime, most: int
) -> list[str]:
    """Return up to so many accounts that were not refused and that a probe ``at`` can ask about.

    Args:
        config_ids: whose, the best ones first.
        ends_after: their tokens live until then.
    """
    given = {"configs": list(config_ids), "at": at, "ends_after": ends_after, "most": most}
    return [pk for pk, _ in rows(_WITNESSES, given)]


def hurry(account_ids: Sequence[str], *, at: datetime) -> None:
    """Have accounts probed ``at``, where they would be later and nobody is at them."""
    run(_HURRY, {"ids": list(account_ids), "at": at})


def settle(changes: Iterable[Mapping[str, Any]], *, now: datetime) -> None:
    """Write what probes brought on accounts that this transaction has locked.

    ``verified_at`` None leaves the time of the last proof; ``to_be_refreshed`` makes a refresh
    due ``now``. Of ``identity_id`` and ``identity_label`` is taken what the account lacks.
    """
    run(_SETTLE, {"rows": as_json(changes), "now": now})
