"""Refreshes asked for in bulk: they go the way of every refresh, a few at a time."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from connections.bulk import following
from connections.bulk.following import PATIENCE, WINDOW
from connections.models import Breaker, BulkItem, ConnectedAccount, Credentials, Status
from connections.models.bulk import JobState, Kind
from connections.refresh import refresh_due
from integrations.models import AuthConfig
from tests.bulk import crowd, fresh, outcomes, start, start_on, work
from tests.provider import TOKEN_PATH, Answer, ScriptedProvider, tokens

pytestmark = pytest.mark.django_db


def test_a_bulk_refresh_goes_the_way_of_every_refresh(
    mel: User, auth_config: AuthConfig, provider: ScriptedProvider
) -> None:
    crowd(auth_config, 3)
    job = start(Kind.REFRESH, mel, status=Status.ACTIVE)
    provider.answer_tokens(tokens(2))
    work()
    assert outcomes(job) == ["waiting"] * 3
    assert len(provider.token_calls()) == 0
    refresh_due()
    work()
    assert outcomes(job) == ["done"] * 3
    assert len(provider.token_calls()) == 3
    assert fresh(job).state == JobState.DONE


def test_no_more_than_a_window_of_refreshes_is_asked_for_at_once(
    mel: User, auth_config: AuthConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert WINDOW <= 100
    monkeypatch.setattr(following, "WINDOW", 2)
    crowd(auth_config, 5)
    job = start(Kind.REFRESH, mel, status=Status.ACTIVE)
    work()
    assert sorted(outcomes(job)) == ["open", "open", "open", "waiting", "waiting"]
    assert ConnectedAccount.objects.due(now=timezone.now()).count() == 2


def test_an_open_breaker_is_told_and_nothing_is_called(
    mel: User, account: ConnectedAccount, provider: ScriptedProvider
) -> None:
    now = timezone.now()
    Breaker.objects.create(
        pk=account.auth_config_id, opened_at=now, open_until=now + timedelta(minutes=5)
    )
    job = start_on(Kind.REFRESH, mel, account)
    work()
    assert outcomes(job) == ["failed"]
    assert "the provider fails" in BulkItem.objects.get().words
    assert provider.calls == []


def test_a_refresh_that_the_provider_refuses_is_told_as_failed(
    mel: User, account: ConnectedAccount, provider: ScriptedProvider
) -> None:
    provider.answer(TOKEN_PATH, Answer(status=503, json={}))
    job = start_on(Kind.REFRESH, mel, account)
    work()
    refresh_due()
    work()
    item = BulkItem.objects.get(job=job)
    assert (item.outcome, item.error_code) == ("failed", "http_503")


def test_nobody_waits_for_a_refresh_without_end(mel: User, account: ConnectedAccount) -> None:
    job = start_on(Kind.REFRESH, mel, account)
    work()
    BulkItem.objects.update(began_at=timezone.now() - PATIENCE - timedelta(seconds=1))
    work()
    assert BulkItem.objects.get(job=job).error_code == "turn_did_not_come"
    assert ConnectedAccount.objects.due(now=timezone.now()).get() == account


def test_an_account_without_a_refresh_token_is_left_alone(
    mel: User, account: ConnectedAccount
) -> None:
    Credentials.objects.update(refresh_token_digest="")
    job = start_on(Kind.REFRESH, mel, account)
    work()
    assert outcomes(job) == ["skipped"]
