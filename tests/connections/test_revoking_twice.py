"""What an attempt to revoke writes where its row has changed while the call was out."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from connections.actors import SYSTEM
from connections.models import ConnectedAccount, Revocation, Status
from connections.operations import revoke_account
from connections.revoking import claim_due, finish
from integrations.schemes import RefusalKind, Refused
from integrations.secrets import Secret
from tests.integrations.key_rows import Keys, column_of

pytestmark = pytest.mark.django_db

AWAY = Refused(kind=RefusalKind.TRANSIENT, error_code="http_503")


def claim() -> Revocation:
    [revocation] = claim_due(limit=1, now=timezone.now())
    return revocation


def claim_after_the_lease() -> Revocation:
    Revocation.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    return claim()


@pytest.fixture
def keys(settings: Settings) -> Keys:
    return Keys(settings)


def test_tokens_that_were_sealed_anew_meanwhile_stay_so(
    keys: Keys, account: ConnectedAccount
) -> None:
    revoke_account(account=account, actor=SYSTEM)
    claimed = claim()
    keys.rotate()
    row = Revocation.objects.get()
    row.payload = Secret(row.payload.reveal())
    row.save(update_fields=["payload"])
    finish(claimed, AWAY)
    old = column_of(Revocation, "payload").rows_not_sealed_with(keys.ids[0])
    assert (old.count(), Revocation.objects.get().attempt_count) == (0, 1)


@pytest.mark.parametrize("second_answer", [None, AWAY])
def test_an_answer_that_comes_after_the_next_attempts_changes_nothing(
    account: ConnectedAccount, second_answer: Refused | None
) -> None:
    revoke_account(account=account, actor=SYSTEM)
    first = claim()
    finish(claim_after_the_lease(), second_answer)
    stored = Revocation.objects.values().get()
    finish(first, Refused(kind=RefusalKind.TRANSIENT, error_code="late"))
    assert Revocation.objects.values().get() == stored
    assert (stored["payload"] is None) == (second_answer is None)


def test_an_answer_that_comes_while_the_next_attempt_is_out_lets_nobody_in(
    account: ConnectedAccount,
) -> None:
    revoke_account(account=account, actor=SYSTEM)
    first, second = claim(), claim_after_the_lease()
    finish(first, AWAY)
    assert claim_due(limit=1, now=timezone.now() + timedelta(days=1)) == []
    finish(second, None)
    assert Revocation.objects.get().confirmed_at is not None


def test_an_answer_that_comes_after_it_was_superseded_changes_nothing(
    account: ConnectedAccount,
) -> None:
    revoke_account(account=account, actor=SYSTEM)
    first = claim()
    Revocation.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    ConnectedAccount.objects.update(status=Status.ACTIVE)
    assert claim_due(limit=1, now=timezone.now()) == []
    finish(first, AWAY)
    untouched = Revocation.objects.filter(next_attempt_at__isnull=True, payload__isnull=True)
    assert untouched.get().attempt_count == 0
