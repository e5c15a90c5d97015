"""A rotated refresh token is never lost for what is wrong beside it, at a strict provider."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from structlog.testing import capture_logs

from connections import vault
from connections.errors import RefreshUnavailable
from connections.models import ConnectedAccount, Credentials, Status, Trigger
from connections.refresh.claim import claim_due
from connections.refresh.reading import get_credentials
from connections.refresh.work import refresh_claimed
from integrations.schemes import TokenSet
from tests.provider import ScriptedProvider, tokens

pytestmark = pytest.mark.django_db


def refresh_due() -> None:
    ConnectedAccount.objects.update(refresh_at=timezone.now() - timedelta(seconds=1))
    [claim] = claim_due(limit=1, trigger=Trigger.SCHEDULE, now=timezone.now())
    refresh_claimed(claim)


def stored() -> TokenSet:
    return vault.open_grant(Credentials.objects.get())


@pytest.mark.parametrize("spoiled", [{"token_type": "mac"}, {"access_token": "a\x00b"}])
def test_the_next_refresh_goes_out_with_the_token_that_was_kept(
    due_account: ConnectedAccount, provider: ScriptedProvider, spoiled: dict[str, Any]
) -> None:
    provider.answer_tokens(tokens(2, **spoiled), tokens(3))
    with capture_logs() as logs:
        refresh_due()
    assert "access_token_unusable" in {line["event"] for line in logs}
    refresh_due()
    sent = [form["refresh_token"] for form in provider.token_calls()]
    assert sent == ["refresh-1", "refresh-2"]
    assert stored().access_token.reveal() == "access-3"


def test_an_access_token_that_may_not_be_used_is_not_handed_out(
    due_account: ConnectedAccount, provider: ScriptedProvider
) -> None:
    provider.answer_tokens(*(tokens(number, token_type="mac") for number in (2, 3)))
    with pytest.raises(RefreshUnavailable):
        get_credentials(account_id=due_account.pk)
    account = ConnectedAccount.objects.get()
    assert account.status == Status.ACTIVE
    assert account.refresh_at is not None
    assert account.refresh_at > timezone.now() + timedelta(minutes=4), "not every few seconds"


def test_where_nothing_was_rotated_the_old_access_token_stays(
    due_account: ConnectedAccount, provider: ScriptedProvider
) -> None:
    provider.answer_tokens(tokens(2, refresh_token="refresh-1", token_type="mac"))
    refresh_due()
    assert stored().access_token.reveal() == "access-1"
    account = ConnectedAccount.objects.get()
    assert (account.refresh_failures, account.in_doubt_since) == (1, None)


def test_a_side_field_costs_nothing(
    due_account: ConnectedAccount, provider: ScriptedProvider
) -> None:
    provider.answer_tokens(tokens(2, id_token={}, token_type=""))
    refresh_due()
    assert stored().access_token.reveal() == "access-2"
