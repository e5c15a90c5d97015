"""The statements that carry the load, each over many accounts at once.

Written as SQL because the ORM has no words for them: a loose index scan, a claim per config with
``SKIP LOCKED``, and updates from a list of values with a compare-and-swap.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from connections.schedule import SAME_END
from integrations.statements import as_json, dicts, rows, run

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

_DUE = """
WITH RECURSIVE due AS (
    (SELECT auth_config_id, refresh_at FROM connections_connectedaccount
     WHERE status = 'ACTIVE' AND refresh_at IS NOT NULL
     ORDER BY auth_config_id, refresh_at LIMIT 1)
    UNION ALL
    SELECT following.* FROM due CROSS JOIN LATERAL (
        SELECT auth_config_id, refresh_at FROM connections_connectedaccount
        WHERE status = 'ACTIVE' AND refresh_at IS NOT NULL
          AND auth_config_id > due.auth_config_id
        ORDER BY auth_config_id, refresh_at LIMIT 1) AS following
)
SELECT auth_config_id, refresh_at FROM due WHERE refresh_at <= %(now)s ORDER BY refresh_at
"""

_COLUMNS = """
    account.id, account.project_id, account.auth_config_id, account.toolkit,
    account.parameters::text AS parameters, account.oauth_client_id, account.redirect_uri,
    account.granted_at, account.in_doubt_since, account.lease_id, account.lease_started_at,
    account.lease_generation, account.lease_trigger, account.lease_worker, account.streak_id,
    coalesce(account.expires_at <= now(), false) AS token_ended,
    (SELECT concat(config.xmin::text, config.ctid::text, app.xmin::text, app.ctid::text)
     FROM integrations_authconfig AS config
     LEFT JOIN integrations_managedapp AS app ON app.id = config.managed_app_id
     WHERE config.id = account.auth_config_id) AS config_version
"""
_FREE = "(lease_until IS NULL OR lease_until <= now())"

# To a clock that is ahead each pause after a failure seems to be over.
_CLAIM_DUE = f"""
SELECT {_COLUMNS}
FROM jsonb_to_recordset(%(limits)s) AS share(auth_config_id text, most int)
CROSS JOIN LATERAL (
    SELECT * FROM connections_connectedaccount
    WHERE auth_config_id = share.auth_config_id AND status = 'ACTIVE' AND refresh_at <= %(now)s
      AND (refresh_failing_since IS NULL OR refresh_at <= statement_timestamp()) AND {_FREE}
    ORDER BY refresh_at LIMIT share.most FOR UPDATE SKIP LOCKED
) AS account
ORDER BY account.refresh_at
"""  # noqa: S608 - constants

# An account whose lost tokens were found may be claimed too: a refresh proves them.
# The generation is compared on the row that is locked: it is evaluated anew where somebody changed
# the row between this statement's snapshot and its lock. A joined row would not be.
_ONE = f"""
    account.id = %(account_id)s AND account.grant_generation = %(generation)s AND {_FREE}
    AND (status = 'ACTIVE'
         OR status = 'EXPIRED' AND status_reason = 'rotation_lost' AND probe_at IS NOT NULL)
"""
_SELECT_ONE = f"""
SELECT {_COLUMNS} FROM connections_connectedaccount AS account WHERE {_ONE}
FOR UPDATE SKIP LOCKED
"""  # noqa: S608 - constants

# A claim ahead of time (forced, say) makes the account due when its lease ends: after a kill amid
# the call the next one has to come within the grace. What comes of a call sets the time anew.
_DUE_AGAIN = """refresh_at = CASE WHEN account.status = 'ACTIVE' THEN least(
    account.refresh_at, now() + make_interval(secs => %(seconds)s)) ELSE account.refresh_at END"""

# For somebody who waits, so all in one statement. A lease that somebody left over is not written
# over here: what it means goes into the history first.
_CLAIM_ONE = f"""
WITH picked AS (
    SELECT {_COLUMNS}, credentials.generation, credentials.payload
    FROM connections_connectedaccount AS account
    JOIN connections_credentials AS credentials
        ON credentials.account_id = account.id AND credentials.generation = %(generation)s
    WHERE {_ONE}
    FOR UPDATE OF account SKIP LOCKED
), leased AS (
    UPDATE connections_connectedaccount AS account
    SET lease_id = %(lease_id)s, lease_generation = %(generation)s, lease_trigger = %(trigger)s,
        lease_worker = %(worker)s, lease_started_at = %(now)s,
        lease_until = now() + make_interval(secs => %(seconds)s), {_DUE_AGAIN}
    FROM picked WHERE account.id = picked.id AND picked.lease_id = ''
)
SELECT * FROM picked
"""  # noqa: S608 - constants

_CREDENTIALS = """
SELECT account_id, generation, payload FROM connections_credentials WHERE account_id = ANY(%(ids)s)
"""

_LEASE = f"""
UPDATE connections_connectedaccount AS account
SET lease_id = given.lease_id, lease_generation = given.generation, lease_trigger = %(trigger)s,
    lease_worker = %(worker)s, lease_started_at = %(now)s,
    lease_until = now() + make_interval(secs => %(seconds)s), {_DUE_AGAIN},
    in_doubt_since = given.in_doubt_since, streak_id = given.streak_id
FROM jsonb_to_recordset(%(leases)s) AS given(
    id text, lease_id text, generation bigint, in_doubt_since timestamptz, streak_id text)
WHERE account.id = given.id
"""  # noqa: S608 - constants

_CREDENTIALS_SET = """
    generation = given.generation + 1, payload = given.payload,
    refresh_token_digest = given.refresh_token_digest, obtained_at = given.obtained_at
"""
# An account that is not ACTIVE keeps its tokens but is not refreshed. A warning that is due stays
# due where the end has not moved.
_ACCOUNT_SET = """
    grant_generation = given.generation + 1, expires_at = given.expires_at,
    refreshed_at = given.obtained_at, last_verified_at = given.obtained_at,
    updated_at = %(now)s, refresh_failing_since = NULL, refresh_failures = 0,
    refresh_at = CASE WHEN account.status = 'ACTIVE' THEN given.refresh_at END,
    probe_at = CASE WHEN account.status = 'ACTIVE' THEN given.probe_at
                    WHEN given.to_be_proven THEN %(now)s END,
    grant_ends_at = given.grant_ends_at,
    next_warning_at = CASE WHEN abs(extract(epoch FROM account.grant_ends_at - given.grant_ends_at))
                                < %(same_end)s
                      THEN account.next_warning_at ELSE given.next_warning_at END,
    scopes_granted = CASE WHEN given.scopes IS NULL THEN account.scopes_granted
                     ELSE ARRAY(SELECT jsonb_array_elements_text(given.scopes)) END,
    streak_id = given.streak_id,
    in_doubt_since = {doubt},
    lease_id = '', lease_until = NULL, lease_started_at = NULL, lease_generation = 0,
    lease_trigger = '', lease_worker = ''
"""
# Who did not keep the lease until the answer came may have been followed by somebody who showed the
# refresh token that this answer replaces. The provider may hold that against the whole grant, also
# where that attempt has ended by now. (A row of successes is none: it is counted up meanwhile.)
_BEGUN_MEANWHILE = """CASE
    WHEN account.lease_id = given.attempt_id THEN NULL
    WHEN account.lease_id <> '' AND account.lease_generation = given.generation
        THEN account.lease_started_at
    ELSE (SELECT min(other.started_at) FROM connections_refreshattempt AS other
          WHERE other.account_id = account.id AND other.generation = given.generation
            AND other.started_at > given.started_at AND other.outcome <> 'stored')
    END"""
_STREAK_SET = """
    count = attempt.count + 1, finished_at = given.obtained_at, generation = given.generation,
    worker = given.worker, http_status = given.http_status
"""
_STREAK_GOES_ON = """
    attempt.trigger = given.trigger AND attempt.outcome = 'stored'
    AND attempt.started_at > given.obtained_at - interval '7 days'
"""
_ATTEMPT_COLUMNS = """
    id, project_id, account_id, trigger, worker, generation, count, started_at, finished_at,
    outcome, http_status, error_code
"""
# A killed worker's attempt was written as unanswered; now its answer has been found.
_ATTEMPT_FOUND = """
ON CONFLICT (id) DO UPDATE
SET finished_at = excluded.finished_at, outcome = excluded.outcome,
    http_status = excluded.http_status
"""

# Every success is counted where it is stored; the other outcomes a trigger counts.
_COUNT = """
INSERT INTO connections_refreshtally (project_id, auth_config_id, at, outcome, count, last_at)
SELECT {counted}.project_id, auth_config_id,
       date_bin('1 minute', now(), '2000-01-01 00:00:00+00'), 'stored', count(*), now()
FROM {counted}
"""
_ACCOUNT_OF = "JOIN connections_connectedaccount AS account ON account.id = {}.account_id"
_COUNT_LENGTHENED = f"""
{_COUNT.format(counted="lengthened")} {_ACCOUNT_OF.format("lengthened")} GROUP BY 1, 2
"""
# A row that was there has changed its outcome, which the trigger has seen.
_COUNT_WRITTEN = f"""
{_COUNT.format(counted="written")} {_ACCOUNT_OF.format("written")}
WHERE written.outcome = 'stored' AND written.is_new GROUP BY 1, 2
"""

# Nearly all refreshes: nobody touched the account meanwhile, nothing failed before. All that is to
# be stored, in one statement; what it does not return is left to the statements after it.
_STORE_PLAIN = f"""
WITH given AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset(%(rows)s) AS given(
        attempt_id text, account_id text, project_id text, trigger text, worker text,
        generation bigint, payload text, refresh_token_digest text, started_at timestamptz,
        obtained_at timestamptz, expires_at timestamptz, refresh_at timestamptz,
        probe_at timestamptz, grant_ends_at timestamptz, next_warning_at timestamptz,
        scopes jsonb, http_status int)
), locked AS (
    SELECT account.id, account.auth_config_id, account.streak_id
    FROM connections_connectedaccount AS account JOIN given ON account.id = given.account_id
    WHERE account.status = 'ACTIVE' AND account.grant_generation = given.generation
      AND account.lease_id = given.attempt_id AND account.refresh_failures = 0
    ORDER BY account.id FOR UPDATE OF account SKIP LOCKED
), swapped AS (
    UPDATE connections_credentials AS credentials SET {_CREDENTIALS_SET}
    FROM given JOIN locked ON locked.id = given.account_id
    WHERE credentials.account_id = given.account_id AND credentials.generation = given.generation
    RETURNING credentials.account_id, locked.auth_config_id, locked.streak_id AS running
), lengthened AS (
    UPDATE connections_refreshattempt AS attempt SET {_STREAK_SET}
    FROM given JOIN swapped ON swapped.account_id = given.account_id
    WHERE attempt.id = swapped.running AND {_STREAK_GOES_ON}
    RETURNING attempt.id
), stored AS (
    SELECT given.*, swapped.auth_config_id, false AS to_be_proven,
           coalesce(lengthened.id, given.attempt_id) AS streak_id
    FROM given JOIN swapped ON swapped.account_id = given.account_id
    LEFT JOIN lengthened ON lengthened.id = swapped.running
), renewed AS (
    UPDATE connections_connectedaccount AS account SET {_ACCOUNT_SET.format(doubt="NULL")}
    FROM stored AS given WHERE account.id = given.account_id
), written AS (
    INSERT INTO connections_refreshattempt ({_ATTEMPT_COLUMNS})
    SELECT attempt_id, project_id, account_id, trigger, worker, generation, 1, started_at,
           obtained_at, 'stored', http_status, ''
    FROM stored WHERE streak_id = attempt_id
    {_ATTEMPT_FOUND}
), counted AS (
    {_COUNT.format(counted="stored")} GROUP BY 1, 2
)
SELECT account_id FROM stored
"""  # noqa: S608 - constants

_SWAP = f"""
UPDATE connections_credentials AS credentials SET {_CREDENTIALS_SET}
FROM jsonb_to_recordset(%(rows)s) AS given(
    account_id text, generation bigint, payload text, refresh_token_digest text,
    obtained_at timestamptz)
WHERE credentials.account_id = given.account_id AND credentials.generation <= given.generation
RETURNING credentials.account_id
"""  # noqa: S608 - constants

_RENEW = f"""
UPDATE connections_connectedaccount AS account SET {_ACCOUNT_SET.format(doubt=_BEGUN_MEANWHILE)}
FROM jsonb_to_recordset(%(rows)s) AS given(
    attempt_id text, account_id text, generation bigint, started_at timestamptz,
    obtained_at timestamptz, expires_at timestamptz, refresh_at timestamptz,
    probe_at timestamptz, to_be_proven boolean, grant_ends_at timestamptz,
    next_warning_at timestamptz, scopes jsonb, streak_id text)
WHERE account.id = given.account_id
"""  # noqa: S608 - constants

_LENGTHEN = f"""
WITH lengthened AS (
    UPDATE connections_refreshattempt AS attempt SET {_STREAK_SET}
    FROM jsonb_to_recordset(%(rows)s) AS given(
        id text, trigger text, obtained_at timestamptz, generation bigint, worker text,
        http_status int)
    WHERE attempt.id = given.id AND {_STREAK_GOES_ON}
    RETURNING attempt.id, attempt.account_id, attempt.project_id
), counted AS (
    {_COUNT_LENGTHENED}
)
SELECT id FROM lengthened
"""  # noqa: S608 - constants

_WRITE_ATTEMPTS = f"""
WITH written AS (
    INSERT INTO connections_refreshattempt ({_ATTEMPT_COLUMNS})
    SELECT id, project_id, account_id, trigger, worker, generation, 1, started_at, obtained_at,
           %(outcome)s, http_status, ''
    FROM jsonb_to_recordset(%(rows)s) AS given(
        id text, project_id text, account_id text, trigger text, worker text, generation bigint,
        started_at timestamptz, obtained_at timestamptz, http_status int)
    {_ATTEMPT_FOUND}
    RETURNING account_id, project_id, outcome, xmax = 0 AS is_new
)
{_COUNT_WRITTEN}
"""  # noqa: S608 - constants

_READ = """
SELECT account.id AS account_id, account.project_id, account.auth_config_id, account.status,
       account.status_reason, account.expires_at, account.refreshed_at, account.refresh_at,
       account.refresh_failures, account.scopes_granted AS scopes, credentials.generation,
       credentials.payload, credentials.refresh_token_digest
FROM connections_connectedaccount AS account
LEFT JOIN connections_credentials AS credentials ON credentials.account_id = account.id
WHERE account.id = %(account_id)s
  AND (%(project_id)s::text IS NULL OR account.project_id = %(project_id)s)
  AND account.status <> 'DELETED'
"""


def due_configs(*, now: datetime) -> list[tuple[str, datetime]]:
    """Return the configs with an account that is due, each with its longest waiting one's time.

    One probe of the index per config, however many accounts there are.
    """
    return rows(_DUE, {"now": now})


def select_due(*, limits: Mapping[str, int], now: datetime) -> list[dict[str, Any]]:
    """Lock up to so many due accounts of each config, the longest waiting first."""
    shares = [{"auth_config_id": pk, "most": most} for pk, most in limits.items()]
    return dicts(_CLAIM_DUE, {"limits": json.dumps(shares), "now": now})


def select_one(*, account_id: str, generation: int) -> list[dict[str, Any]]:
    """Lock one account where nobody has it and its credentials are of ``generation``."""
    return dicts(_SELECT_ONE, {"account_id": account_id, "generation": generation})


def claim_one(
    *,
    account_id: str,
    generation: int,
    lease_id: str,
    trigger: str,
    worker: str,
    seconds: float,
    now: datetime,
) -> dict[str, Any] | None:
    """Claim one account where nobody has it and its credentials are of ``generation``.

    Returns its row as it was before, with the credentials. Where that one holds a ``lease_id``
    nothing was written: `select_one` and `lease` have to be used.
    """
    given = {"account_id": account_id, "generation": generation, "lease_id": lease_id}
    given |= {"trigger": trigger, "worker": worker, "seconds": seconds, "now": now}
    found = dicts(_CLAIM_ONE, given)
    return found[0] if found else None


def select_credentials(account_ids: Sequence[str]) -> dict[str, tuple[int, str]]:
    """Return generation and sealed payload of accounts whose rows are locked.

    A statement of its own, so that it sees what was committed before the locks were granted.
    """
    found = rows(_CREDENTIALS, {"ids": list(account_ids)})
    return {account_id: (generation, payload) for account_id, generation, payload in found}


def lease(
    leases: Sequence[Mapping[str, Any]], *, trigger: str, worker: str, seconds: float, now: datetime
) -> None:
    """Write down what is about to be done with accounts that this transaction has locked."""
    given = {"trigger": trigger, "worker": worker, "seconds": seconds, "now": now}
    run(_LEASE, given | {"leases": as_json(leases)})


def store_plain(given: Iterable[Mapping[str, Any]], *, now: datetime) -> set[str]:
    """Store what nothing stands against; return the ids of those accounts."""
    values = {"rows": as_json(given), "now": now, "same_end": SAME_END.total_seconds()}
    return {found for (found,) in rows(_STORE_PLAIN, values)}


def swap_credentials(given: Iterable[Mapping[str, Any]]) -> set[str]:
    """Store new credentials where no newer ones stand; return whose were.

    They are of an older generation than expected only where the database forgot a commit.
    """
    return {found for (found,) in rows(_SWAP, {"rows": as_json(given)})}


def renew_accounts(changes: Iterable[Mapping[str, Any]], *, now: datetime) -> None:
    """Write what follows from new credentials, and end the leases."""
    given = {"rows": as_json(changes), "now": now, "same_end": SAME_END.total_seconds()}
    run(_RENEW, given)


def lengthen_streaks(given: Iterable[Mapping[str, Any]]) -> set[str]:
    """Count one more refresh on each row of the history given; return whose could be.

    It cannot on a row of another trigger, of more than a week, or that has been pruned.
    """
    return {found for (found,) in rows(_LENGTHEN, {"rows": as_json(given)})}


def write_attempts(given: Iterable[Mapping[str, Any]], *, outcome: str) -> None:
    """Put answered attempts into the history, each a row of its own."""
    run(_WRITE_ATTEMPTS, {"rows": as_json(given), "outcome": outcome})


def read_account(*, account_id: str, project_id: str | None) -> dict[str, Any] | None:
    """Return what a reader needs of one account and its credentials, in one statement.

    Args:
        project_id: whose account it has to be; None where that was checked.
    """
    found = dicts(_READ, {"account_id": account_id, "project_id": project_id})
    return found[0] if found else None
