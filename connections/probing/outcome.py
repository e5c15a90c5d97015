"""Stores what probes brought: a proof, a death, a later try."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import structlog
from django.db import transaction

from connections.actors import WORKER
from connections.lifecycle import move
from connections.models import ConnectedAccount, Reason, Status
from connections.probing import queries
from connections.probing.endpoint import gate, note_findings
from connections.probing.finding import Alive, Dead, Renewed
from connections.probing.judging import Judgement, Sentence, call_witnesses, judge
from connections.probing.recording import record_proofs
from connections.probing.retry import CONFIRMATION, next_hearing, next_proof, next_try
from connections.probing.reviving import finish_renewal
from connections.refresh.locking import lock_free_accounts
from integrations.database import DATABASE_AWAY

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from connections.probing.finding import Finding, Unknown

log = structlog.get_logger(__name__)


def finish(findings: Sequence[Finding], *, now: datetime) -> list[Finding]:
    """Store what probes brought, those that changed no status in one transaction.

    Returns those whose accounts somebody else has locked: they are to be stored again soon.

    The accounts' rows are locked and read again first: whoever changed one meanwhile is right.

    Raises:
        DATABASE_AWAY: some may not be stored; storing them all again does no harm.
    """
    asked = [finding for finding in findings if not isinstance(finding, Renewed)]
    with transaction.atomic():
        rows, taken = lock_free_accounts([finding.probe.account_id for finding in asked])
        waiting: list[Finding] = [f for f in asked if f.probe.account_id in taken]
        findings = [finding for finding in findings if finding not in waiting]
        asked = [finding for finding in asked if finding not in waiting]
        current = [f for f in asked if _is_as_probed(f, rows.get(f.probe.account_id))]
        judgement = judge(current, troubled=list(gate.troubled), now=now)
        queries.settle(_settlements(current, judgement, now), now=now)
        record_proofs(current, now=now)
    for finding in findings:
        _finish_one(finding, judgement, now)
    call_witnesses(judgement)
    note_findings(findings, troubled=gate.troubled, now=now)
    gate.end(finding.probe.account_id for finding in findings)
    for finding in findings:
        _log(finding)
    return waiting


def _is_as_probed(finding: Finding, row: Mapping[str, Any] | None) -> bool:
    if row is None or row["status"] != Status.ACTIVE:
        return False
    return bool(row["grant_generation"] == finding.probe.generation)


def _settlements(
    findings: Sequence[Alive | Dead | Unknown], judgement: Judgement, now: datetime
) -> list[dict[str, Any]]:
    """Return what changes where no status does; one account's surprise must not stop the others."""
    settled = []
    for finding in findings:
        try:
            if not judgement.dooms(finding):
                settled.append(_changes(finding, judgement, now))
        except Exception:
            # It is probed again when the claim's minute is over.
            log.exception("probe_not_stored", connected_account_id=finding.probe.account_id)
    return settled


def _changes(
    finding: Alive | Dead | Unknown, judgement: Judgement, now: datetime
) -> dict[str, Any]:
    probe = finding.probe
    every = probe.auth_config.catalog_entry.probe.every_seconds
    proven = next_proof(every_seconds=every, now=now)
    changes: dict[str, Any] = {
        "id": probe.account_id,
        "probe_failures": 0,
        "refused_generation": probe.generation,
        "verified_at": None,
        "to_be_refreshed": False,
        "identity_id": "",
        "identity_label": "",
    }
    if isinstance(finding, Alive):
        told = {"identity_id": finding.identity.id, "identity_label": finding.identity.label}
        return changes | told | {"probe_at": proven, "refused_generation": 0, "verified_at": now}
    if isinstance(finding, Dead):
        # An access token may die alone. With a refresh token, a refresh tells about the grant.
        if finding.refreshable:
            return changes | {"probe_at": proven, "to_be_refreshed": True}
        if judgement.sentences[probe.account_id] is Sentence.ASKED_AGAIN:
            return changes | {"probe_at": now + CONFIRMATION}
        put_off = next_hearing(failures=probe.failures + 1, now=now)
        return changes | {"probe_at": put_off, "probe_failures": probe.failures + 1}
    failures = probe.failures + 1
    return changes | {
        "probe_failures": failures,
        "refused_generation": probe.generation if probe.refused_before else 0,
        "probe_at": next_try(
            failures=failures, every_seconds=every, now=now, retry_after=finding.retry_after
        ),
    }


def _finish_one(finding: Finding, judgement: Judgement, now: datetime) -> None:
    """Change the status where that is to be; one account's surprise must not stop the others."""
    try:
        if isinstance(finding, Renewed):
            finish_renewal(finding, now=now)
        elif isinstance(finding, Dead) and judgement.dooms(finding):
            _expire(finding, now)
    except DATABASE_AWAY:
        raise
    except Exception:
        # It is probed again when the claim's minute is over.
        log.exception("probe_not_stored", connected_account_id=finding.probe.account_id)


@transaction.atomic
def _expire(finding: Dead, now: datetime) -> None:
    probe = finding.probe
    account = ConnectedAccount.objects.locked(probe.account_id)
    if account.status != Status.ACTIVE or account.grant_generation != probe.generation:
        return
    code = finding.error_code
    told = "" if code == f"http_{finding.http_status}" else f": {code}"
    move(
        account=account,
        to=Status.EXPIRED,
        reason=Reason.PROBE_REJECTED,
        actor=WORKER,
        cause=f"The provider refused the token twice, HTTP {finding.http_status}{told}",
        error_code=code,
        now=now,
    )


def _log(finding: Finding) -> None:
    log.info(
        "probe",
        connected_account_id=finding.probe.account_id,
        toolkit=finding.probe.toolkit,
        finding=type(finding).__name__.lower(),
        error_code=getattr(finding, "error_code", ""),
    )
