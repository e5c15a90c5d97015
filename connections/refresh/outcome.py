"""Stores what came of a refresh that brought no tokens: status or retry, attempt and event."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models.functions import Now

from connections.actors import WORKER
from connections.causes import meaning
from connections.lifecycle import move
from connections.models import ConnectedAccount, Reason, RefreshAttempt, RefreshOutcome, Status
from connections.notices import tell
from connections.refresh.alarms import alarm
from connections.refresh.doubts import REFRESHES, Belief, Heard, weigh
from connections.refresh.endpoints import calls_former_home, token_breakers
from connections.refresh.retry import (
    CONFIGURATION_DELAYS,
    FAILURES_WORTH_TELLING,
    pause_after,
)
from connections.schedule import RELEASED
from integrations.schemes import RefusalKind
from webhooks.models import EventType

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from connections.refresh.claim import Claim
    from integrations.schemes import Refused

# Rotations under which a call that was answered unheard has spent the refresh token.
_SPENDING = {"rotates", "rotates_with_grace"}


# What there is instead of a provider's code where a claimed token can be renewed by nothing, and is
# not over yet.
NO_REFRESH_TOKEN = "no_refresh_token"  # noqa: S105
# By a clock that is ahead it may be over already.
SOONEST_SECONDS = 5


def store_refusal(*, claim: Claim, refusal: Refused, now: datetime) -> RefreshOutcome:
    """Store ``refusal`` on ``claim``'s account; return how the attempt ended.

    The account's row is locked and read again first: whoever changed it meanwhile is right.

    Raises OperationalError at once where somebody else has locked it.
    """
    with transaction.atomic():
        account = ConnectedAccount.objects.locked(claim.account_id, wait=False)
        if account.lease_id != claim.attempt_id and (stored := _stored_before(claim)):
            return stored
        outcome = _store(claim, account, refusal, now)
        changes: dict[str, object] = {"streak_id": ""}
        if account.lease_id == claim.attempt_id:
            changes |= RELEASED
        if outcome is RefreshOutcome.IN_DOUBT and account.in_doubt_since is None:
            changes["in_doubt_since"] = claim.started_at
        _update(account, changes)
        _write_attempt(claim, refusal, outcome, now)
    return outcome


def _stored_before(claim: Claim) -> RefreshOutcome | None:
    """Return the attempt's outcome where its commit went through and nobody heard of it."""
    ended = RefreshAttempt.objects.filter(pk=claim.attempt_id, finished_at__isnull=False)
    outcome = ended.values_list("outcome", flat=True).first()
    return RefreshOutcome(outcome) if outcome else None


def _store(
    claim: Claim, account: ConnectedAccount, refusal: Refused, now: datetime
) -> RefreshOutcome:
    if account.grant_generation != claim.generation:
        return RefreshOutcome.SUPERSEDED
    unanswered = RefreshOutcome.IN_DOUBT if refusal.outcome_unknown else None
    if account.status != Status.ACTIVE:
        return unanswered or RefreshOutcome.DISCARDED
    if refusal.kind is RefusalKind.TERMINAL and _is_believed(claim, account, refusal, now):
        _expire(claim, account, refusal, now)
        return RefreshOutcome.TERMINAL
    if refusal.kind is RefusalKind.CONFIGURATION:
        if alarm(account=account, error=refusal.error_code, now=now):
            _go_behind(account, now)
        else:
            _postpone(claim, account, refusal, now)
        return RefreshOutcome.CONFIGURATION
    if refusal.error_code == NO_REFRESH_TOKEN:
        # Nothing failed. Once it is over, the account says so.
        soon = now + timedelta(seconds=SOONEST_SECONDS)
        end = account.expires_at and max(account.expires_at, soon)
        _update(account, {"refresh_at": end})
    else:
        _postpone(claim, account, refusal, now)
    return unanswered or RefreshOutcome.TRANSIENT


def _go_behind(account: ConnectedAccount, now: datetime) -> None:
    """Have the others of its config tried first when calls begin again: it is not at fault."""
    changes = {
        "refresh_at": Now() + timedelta(seconds=CONFIGURATION_DELAYS[0]),
        "refresh_failing_since": account.refresh_failing_since or now,
    }
    _update(account, changes)


def _is_believed(claim: Claim, account: ConnectedAccount, refusal: Refused, now: datetime) -> bool:
    """Whether a terminal answer ends the grant: not while the provider refuses everybody."""
    if refusal.http_status is None:
        # Nobody was asked: the token has ended, and nothing renews it.
        return True
    # Not any failure before: after an outage everybody has one.
    again = RefreshAttempt.objects.filter(
        account_id=account.pk,
        generation=claim.generation,
        outcome=RefreshOutcome.TRANSIENT,
        error_code=refusal.error_code,
        http_status=refusal.http_status,
    ).exists()
    if calls_former_home(claim.auth_config, claim.oauth_client_id):
        # Nobody else is heard there: it has to be said twice.
        return again
    names = token_breakers(claim.auth_config)
    heard = Heard(account_id=account.pk, accepted=False, again=again)
    # What an answer of ours that was lost explains tells nothing of the provider.
    beliefs = weigh({names: [] if _is_spent(claim) else [heard]}, rule=REFRESHES, now=now)
    return beliefs[names] is not Belief.DOUBTED


def _is_spent(claim: Claim) -> bool:
    """Whether an earlier call with this refresh token, answered unheard, may have spent it."""
    return claim.in_doubt and claim.auth_config.catalog_entry.rotation in _SPENDING


def _expire(claim: Claim, account: ConnectedAccount, refusal: Refused, now: datetime) -> None:
    # One that names no reason must not stay claimed, lease after lease, for want of a word.
    reason = Reason(refusal.reason or Reason.GRANT_REVOKED)
    if _is_spent(claim) and reason is Reason.GRANT_REVOKED:
        # An earlier call with this token was cut short: the provider answered it, we never knew.
        reason = Reason.ROTATION_LOST
    move(
        account=account,
        to=Status.EXPIRED,
        reason=reason,
        actor=WORKER,
        cause=_cause(refusal),
        error_code=refusal.error_code,
        now=now,
    )


def _cause(refusal: Refused) -> str:
    if refusal.http_status is None:
        return meaning(refusal.error_code)
    return f"The provider answered {refusal.error_code}, HTTP {refusal.http_status}"


def _postpone(claim: Claim, account: ConnectedAccount, refusal: Refused, now: datetime) -> None:
    failures = account.refresh_failures + 1
    grace = claim.auth_config.catalog_entry.grace_seconds if refusal.outcome_unknown else None
    changes = {
        "refresh_failures": failures,
        "refresh_failing_since": account.refresh_failing_since or now,
        # By the database's clock: a wrong one here would have everybody wait for as long.
        "refresh_at": Now()
        + pause_after(
            failures=failures,
            retry_after=refusal.retry_after,
            # The first retry of a call whose answer was lost has to come while the provider
            # still takes the old refresh token.
            grace_seconds=None if claim.in_doubt else grace,
        ),
    }
    _update(account, changes)
    if failures == FAILURES_WORTH_TELLING:
        tell(
            account=account,
            type=EventType.REFRESH_FAILING,
            error_code=refusal.error_code,
            now=now,
        )


def _update(account: ConnectedAccount, changes: Mapping[str, object]) -> None:
    ConnectedAccount.objects.filter(pk=account.pk).update(**changes)


def _write_attempt(claim: Claim, refusal: Refused, outcome: RefreshOutcome, now: datetime) -> None:
    RefreshAttempt.objects.update_or_create(
        id=claim.attempt_id,
        defaults={
            "project_id": claim.project_id,
            "account_id": claim.account_id,
            "trigger": claim.trigger,
            "worker": claim.worker,
            "generation": claim.generation,
            "started_at": claim.started_at,
            "finished_at": now,
            "outcome": outcome,
            "http_status": refusal.http_status,
            "error_code": refusal.error_code,
        },
    )
