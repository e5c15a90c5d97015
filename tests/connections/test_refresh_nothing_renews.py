"""Tokens that came without a refresh token: what ends them, and what does not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from connections import vault
from connections.errors import NothingToRefresh
from connections.models import ConnectedAccount, Credentials, Reason, Status, Trigger
from connections.refresh import get_credentials
from connections.refresh.claim import claim_due
from connections.refresh.work import refresh_claimed
from integrations.schemes import TokenSet
from integrations.secrets import Secret
from tests.provider import ScriptedProvider

pytestmark = pytest.mark.django_db


def test_an_account_without_refresh_token_ends_with_its_token(
    due_account: ConnectedAccount, provider: ScriptedProvider
) -> None:
    stored = Credentials.objects.get(pk=due_account.pk)
    stored.payload = TokenSet(access_token=vault.open_grant(stored).access_token).to_payload()
    stored.save()
    [claim] = claim_due(limit=1, trigger=Trigger.SCHEDULE, now=timezone.now())
    refresh_claimed(claim)
    account = ConnectedAccount.objects.get()
    assert (account.status, account.status_reason) == (Status.EXPIRED, Reason.TOKEN_EXPIRED)
    assert provider.token_calls() == []


def test_a_complaint_about_a_token_that_nothing_renews_has_it_proven(
    account: ConnectedAccount, provider: ScriptedProvider
) -> None:
    Credentials.objects.update(refresh_token_digest="")
    for _ in range(2):
        with pytest.raises(NothingToRefresh):
            get_credentials(account_id=account.pk, refused_generation=1)
    account.refresh_from_db()
    assert account.probe_at is not None
    assert account.probe_at <= timezone.now()
    assert (account.refresh_failures, provider.token_calls()) == (0, [])


def test_a_clock_that_is_ahead_ends_no_token_that_nothing_renews(
    account: ConnectedAccount, provider: ScriptedProvider
) -> None:
    tokens_alone = TokenSet(access_token=Secret("access-1"))
    vault.put_new_grant(account=account, tokens=tokens_alone, now=timezone.now())
    end = timezone.now() + timedelta(minutes=50)
    ConnectedAccount.objects.update(expires_at=end, refresh_at=end)
    ahead = timezone.now() + timedelta(hours=1)
    [claim] = claim_due(limit=1, trigger=Trigger.SCHEDULE, now=ahead)
    refresh_claimed(claim)
    account.refresh_from_db()
    assert (account.status, account.refresh_at) == (Status.ACTIVE, end)
    assert (account.refresh_failures, provider.token_calls()) == (0, [])
