"""Writes into the history what probes brought: alike answers in a row are one row, counted up."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from connections.actors import WORKER
from connections.models.proof import ProofOutcome
from connections.probing.finding import Alive, Dead
from integrations.ids import id_at, new_id
from integrations.statements import as_json, run

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from connections.probing.finding import Finding

# No row stands for longer: what a page shows as one line has a place in time.
LONGEST_ROW: Final = timedelta(days=7)

# Whoever stores probes has the accounts' rows, so nobody counts up the same one meanwhile.
_RECORD = """
WITH given AS (
    SELECT given.*, account.project_id, last.id AS last_id
    FROM jsonb_to_recordset(%(proofs)s) AS given(
        id text, account_id text, outcome text, asked_by text, generation bigint,
        http_status int, error_code text)
    JOIN connections_connectedaccount AS account ON account.id = given.account_id
    LEFT JOIN LATERAL (
        SELECT * FROM connections_proof WHERE account_id = given.account_id
        ORDER BY id DESC LIMIT 1
    ) AS last ON given.asked_by = %(worker)s AND last.asked_by = given.asked_by
        AND last.outcome = given.outcome AND last.generation = given.generation
        AND last.error_code = given.error_code
        AND last.http_status IS NOT DISTINCT FROM given.http_status AND last.id > %(oldest)s
), counted AS (
    UPDATE connections_proof AS proof SET count = proof.count + 1, last_at = %(now)s
    FROM given WHERE proof.id = given.last_id
)
INSERT INTO connections_proof (
    id, account_id, project_id, outcome, asked_by, generation, http_status, error_code,
    count, first_at, last_at)
SELECT id, account_id, project_id, outcome, asked_by, generation, http_status, error_code,
       1, %(now)s, %(now)s
FROM given WHERE last_id IS NULL
"""


def record_proofs(findings: Sequence[Finding], *, now: datetime) -> None:
    """Write what was learned of accounts that this transaction has locked.

    An answer that somebody asked for has a row of its own.
    """
    if findings:
        given = {
            "proofs": as_json(_row(finding) for finding in findings),
            "worker": WORKER,
            "oldest": id_at("pf", now - LONGEST_ROW),
            "now": now,
        }
        run(_RECORD, given)


def _row(finding: Finding) -> dict[str, Any]:
    return {
        "id": new_id("pf"),
        "account_id": finding.probe.account_id,
        "outcome": _outcome(finding),
        "asked_by": finding.probe.asked_by,
        "generation": finding.probe.generation,
        "http_status": getattr(finding, "http_status", None),
        "error_code": getattr(finding, "error_code", "")[:100],
    }


def _outcome(finding: Finding) -> ProofOutcome:
    if isinstance(finding, Alive):
        return ProofOutcome.ALIVE
    return ProofOutcome.REFUSED if isinstance(finding, Dead) else ProofOutcome.UNKNOWN
