"""An answer is stored late, when another worker has begun with the same refresh token."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from connections.models import ConnectedAccount, Reason, Trigger
from connections.refresh import issued
from connections.refresh.claim import Claim, claim_due
from connections.refresh.outcome import store_refusal
from connections.refresh.storing import store_issued
from integrations.schemes import Granted, RefusalKind, Refused, TokenSet
from integrations.secrets import Secret

pytestmark = pytest.mark.django_db

REFUSED = Refused(
    kind=RefusalKind.TERMINAL, error_code="invalid_grant", http_status=400, reason="grant_revoked"
)
CUT = Refused(kind=RefusalKind.TRANSIENT, error_code="response_interrupted", outcome_unknown=True)


def claim() -> Claim:
    """Claim the account, whoever has it: leases have run out."""
    now = timezone.now()
    ConnectedAccount.objects.update(refresh_at=now)
    ConnectedAccount.objects.exclude(lease_until=None).update(
        lease_until=now - timedelta(seconds=1)
    )
    [claimed] = claim_due(limit=1, trigger=Trigger.SCHEDULE, now=now)
    return claimed


def store(claimed: Claim) -> ConnectedAccount:
    """Store what the provider answered to ``claimed``."""
    tokens = TokenSet(
        access_token=Secret("access-2"), refresh_token=Secret("refresh-2"), expires_in=60
    )
    granted, now = Granted(tokens=tokens, http_status=200), timezone.now()
    entry = issued.seal(claim=claimed, granted=granted, asked_at=now, now=now)
    store_issued([entry], now=now)
    return ConnectedAccount.objects.get()


def test_a_refusal_afterwards_is_no_withdrawal(due_account: ConnectedAccount) -> None:
    first, second = claim(), claim()
    assert store(first).in_doubt_since == second.started_at
    store_refusal(claim=claim(), refusal=REFUSED, now=timezone.now())
    assert ConnectedAccount.objects.get().status_reason == Reason.ROTATION_LOST


def test_so_it_is_where_the_other_call_has_ended_by_then(due_account: ConnectedAccount) -> None:
    first, second = claim(), claim()
    store_refusal(claim=second, refusal=CUT, now=timezone.now())
    assert store(first).in_doubt_since == second.started_at
    store_refusal(claim=claim(), refusal=REFUSED, now=timezone.now())
    assert ConnectedAccount.objects.get().status_reason == Reason.ROTATION_LOST


def test_a_call_that_was_cut_before_this_one_began_leaves_no_doubt(
    due_account: ConnectedAccount,
) -> None:
    store_refusal(claim=claim(), refusal=CUT, now=timezone.now())
    assert store(claim()).in_doubt_since is None


def test_a_success_afterwards_ends_the_doubt(due_account: ConnectedAccount) -> None:
    first, _ = claim(), claim()
    store(first)
    assert store(claim()).in_doubt_since is None


def test_where_nobody_else_began_there_is_no_doubt(due_account: ConnectedAccount) -> None:
    assert store(claim()).in_doubt_since is None
