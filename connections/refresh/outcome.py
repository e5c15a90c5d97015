"""Stores what came of a refresh: tokens, schedule, attempt and event in one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from connections import vault
from connections.actors import WORKER
from connections.grants import shared_with_another
from connections.lifecycle import HOLDS_CREDENTIALS, move
from connections.models import ConnectedAccount, Credentials, Reason, RefreshOutcome, Status
from connections.notices import tell
from connections.refresh.retry import FAILURES_WORTH_TELLING, next_refresh
from integrations.schemes import Granted, RefusalKind
from webhooks.models import EventType
from webhooks.recording import record_event

if TYPE_CHECKING:
    from datetime import datetime

    from connections.refresh.claim import Claim
    from integrations.schemes import Refused, Verdict


def store_outcome(*, claim: Claim, verdict: Verdict, now: datetime) -> RefreshOutcome:
    """Store ``verdict`` on ``claim``'s account and attempt; return how the attempt ended.

    The account's row is locked and read again first: whoever changed it meanwhile is right.
    """
    with transaction.atomic():
        account = ConnectedAccount.objects.locked(claim.account.pk)
        if isinstance(verdict, Granted):
            outcome = _store_tokens(claim, account, verdict, now)
        else:
            outcome = _store_refusal(claim, account, verdict, now)
        _finish_attempt(claim, verdict, outcome, now)
    return outcome


def _store_tokens(
    claim: Claim, account: ConnectedAccount, verdict: Granted, now: datetime
) -> RefreshOutcome:
    tokens = verdict.tokens
    if account.status not in HOLDS_CREDENTIALS:
        # Revoked or deleted meanwhile: it stays so, and the new token must die as well.
        shared = account.status == Status.DELETED and shared_with_another(
            account, account.identity_id
        )
        if not shared:
            vault.queue_revocation(account=account, tokens=tokens, actor=WORKER, now=now)
        return RefreshOutcome.DISCARDED
    if not vault.swap_grant(credentials=claim.credentials, tokens=tokens, now=now):
        return RefreshOutcome.SUPERSEDED
    recovered = account.refresh_failures >= FAILURES_WORTH_TELLING
    changes = vault.schedule(tokens=tokens, toolkit=account.catalog_entry, now=now)
    changes |= {
        "grant_generation": claim.credentials.generation + 1,
        "last_verified_at": now,
        "updated_at": now,
    }
    if tokens.scopes is not None:
        changes["scopes_granted"] = tokens.scopes
    if account.status != Status.ACTIVE:
        changes["refresh_at"] = None
    _update(account, changes)
    account.auth_config.mark_working()
    if recovered:
        tell(account=account, type=EventType.REFRESH_RECOVERED, now=now)
    return RefreshOutcome.STORED


def _store_refusal(
    claim: Claim, account: ConnectedAccount, refusal: Refused, now: datetime
) -> RefreshOutcome:
    if not _same_grant(claim):
        return RefreshOutcome.SUPERSEDED
    if account.status != Status.ACTIVE:
        _update(account, _released(claim, account))
        return RefreshOutcome.IN_DOUBT if refusal.outcome_unknown else RefreshOutcome.DISCARDED
    if refusal.kind is RefusalKind.TERMINAL:
        return _expire(claim, account, refusal, now)
    if refusal.kind is RefusalKind.CONFIGURATION:
        _alarm(account, refusal, now)
    _postpone(claim, account, refusal, now)
    if refusal.kind is RefusalKind.CONFIGURATION:
        return RefreshOutcome.CONFIGURATION
    return RefreshOutcome.IN_DOUBT if refusal.outcome_unknown else RefreshOutcome.TRANSIENT


def _same_grant(claim: Claim) -> bool:
    stored = Credentials.objects.filter(pk=claim.credentials.pk)
    return stored.filter(generation=claim.credentials.generation).exists()


def _expire(
    claim: Claim, account: ConnectedAccount, refusal: Refused, now: datetime
) -> RefreshOutcome:
    reason = Reason(refusal.reason)
    if claim.in_doubt and reason is Reason.GRANT_REVOKED:
        # An earlier call with this token was cut short: the provider answered it, we never knew.
        reason = Reason.ROTATION_LOST
    status = f", HTTP {refusal.http_status}" if refusal.http_status else ""
    cause = f"The provider answered {refusal.error_code}{status}" if refusal.error_code else ""
    move(
        account=account,
        to=Status.EXPIRED,
        reason=reason,
        actor=WORKER,
        cause=cause,
        error_code=refusal.error_code,
        now=now,
    )
    return RefreshOutcome.TERMINAL


def _postpone(claim: Claim, account: ConnectedAccount, refusal: Refused, now: datetime) -> None:
    failures = account.refresh_failures + 1
    changes = _released(claim, account) | {
        "refresh_failures": failures,
        "refresh_failing_since": account.refresh_failing_since or now,
        "refresh_at": next_refresh(failures=failures, now=now, retry_after=refusal.retry_after),
    }
    _update(account, changes)
    if failures == FAILURES_WORTH_TELLING:
        tell(
            account=account,
            type=EventType.REFRESH_FAILING,
            error_code=refusal.error_code,
            now=now,
        )


def _released(claim: Claim, account: ConnectedAccount) -> dict[str, object]:
    mine = account.lease_id == claim.account.lease_id
    return {"lease_id": "", "lease_until": None} if mine else {}


def _alarm(account: ConnectedAccount, refusal: Refused, now: datetime) -> None:
    auth_config = account.auth_config
    if not auth_config.mark_misconfigured(error=refusal.error_code, now=now):
        return
    data = {
        "auth_config_id": auth_config.pk,
        "project_id": auth_config.project_id,
        "toolkit": auth_config.toolkit,
        "error_code": refusal.error_code,
        "occurred_at": now.isoformat(),
    }
    record_event(
        project=account.project,
        type=EventType.MISCONFIGURED,
        subject_id=auth_config.pk,
        data=data,
        now=now,
    )


def _update(account: ConnectedAccount, changes: dict[str, object]) -> None:
    if changes:
        ConnectedAccount.objects.filter(pk=account.pk).update(**changes)
        for name, value in changes.items():
            setattr(account, name, value)


def _finish_attempt(claim: Claim, verdict: Verdict, outcome: RefreshOutcome, now: datetime) -> None:
    attempt = claim.attempt
    attempt.outcome, attempt.finished_at = outcome, now
    attempt.http_status = verdict.http_status
    attempt.error_code = "" if isinstance(verdict, Granted) else verdict.error_code
    attempt.save(update_fields=["outcome", "finished_at", "http_status", "error_code"])
