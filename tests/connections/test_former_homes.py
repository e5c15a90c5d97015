"""A client of before has a home of its own: its accounts are called there, and tell of it alone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from connections.actors import SYSTEM
from connections.errors import AccountUnusable, RefreshUnavailable
from connections.models import Breaker, ConnectedAccount, Status, Trigger
from connections.operations import revoke_account
from connections.refresh import refresh_account, refresh_due, revoke_due
from connections.refresh.endpoints import token_breakers
from integrations.auth_configs import update_auth_config
from integrations.models import AuthConfig
from integrations.schemes import OAuth2Client
from integrations.secrets import Secret
from tests.bulk import crowd
from tests.connections.proving import REFUSAL, probe_all, reconnect
from tests.provider import REVOKE_PATH, USERINFO_PATH, Answer, ScriptedProvider, clients

pytestmark = pytest.mark.django_db

ENDED = Answer(status=400, json={"error": "invalid_grant"})
NOWHERE = "http://127.0.0.1:9"


def refresh(account: ConnectedAccount) -> None:
    refresh_account(account_id=account.pk, trigger=Trigger.API)


def open_breaker(name: str, **changes: Any) -> None:
    """Have a breaker open whose pause is over."""
    past = timezone.now() - timedelta(seconds=1)
    Breaker.objects.create(pk=name, opened_at=past, openings=1, open_until=past, **changes)


def move(auth_config: AuthConfig, url: str) -> None:
    """Go from a trial at the service to the real thing: another client on another host."""
    ConnectedAccount.objects.update(oauth_client_id="client")
    update_auth_config(
        auth_config=auth_config,
        client_id="other",
        client_secret=Secret("theirs"),
        parameters={"base_url": url},
    )


def test_a_client_of_before_is_used_where_it_was(
    auth_config: AuthConfig, account: ConnectedAccount, provider: ScriptedProvider
) -> None:
    with ScriptedProvider().serving() as elsewhere:
        move(auth_config, elsewhere.url)
        refresh(account)
        revoke_account(account=ConnectedAccount.objects.get(), actor=SYSTEM)
        revoke_due()
        assert elsewhere.targets == []
    assert clients(provider) == ["client:client secret"] * 2
    assert len(provider.forms(REVOKE_PATH)) == 1


def test_its_former_home_opens_no_breaker_of_the_present_one(
    auth_config: AuthConfig, account: ConnectedAccount, provider: ScriptedProvider
) -> None:
    move(auth_config, NOWHERE)
    provider.answer_tokens(Answer(status=503, json={}))
    for _ in range(5):
        with pytest.raises(RefreshUnavailable):
            refresh(account)
    assert not Breaker.objects.exists()


def test_its_accounts_are_told_where_their_tokens_work(
    auth_config: AuthConfig, account: ConnectedAccount, provider: ScriptedProvider
) -> None:
    before = account.base_url
    move(auth_config, NOWHERE)
    after = ConnectedAccount.objects.get().base_url
    assert after == before
    assert after is not None
    assert after.startswith(provider.url)


def test_who_connects_now_goes_where_the_present_client_is(
    auth_config: AuthConfig, account: ConnectedAccount
) -> None:
    move(auth_config, NOWHERE)
    url = OAuth2Client.of(AuthConfig.objects.get()).toolkit.token_url
    assert url.startswith("http://127.0.0.1:9/")


def test_many_grants_that_ended_there_open_no_breaker_of_the_present_one(
    auth_config: AuthConfig, provider: ScriptedProvider
) -> None:
    many = crowd(auth_config, 6)
    move(auth_config, NOWHERE)
    provider.answer_tokens(ENDED)
    for _ in range(2):
        for account in many:
            ConnectedAccount.objects.update(refresh_at=timezone.now(), refresh_failures=0)
            with pytest.raises((RefreshUnavailable, AccountUnusable)):
                refresh(account)
    assert not Breaker.objects.exists()
    assert set(ConnectedAccount.objects.values_list("status", flat=True)) == {Status.EXPIRED}


def test_what_is_said_there_once_ends_no_grant(
    auth_config: AuthConfig, account: ConnectedAccount, provider: ScriptedProvider
) -> None:
    move(auth_config, NOWHERE)
    provider.answer_tokens(ENDED)
    with pytest.raises(RefreshUnavailable):
        refresh(account)
    assert ConnectedAccount.objects.get().status == Status.ACTIVE


@pytest.mark.usefixtures("account")
def test_a_trial_that_it_took_is_given_back(auth_config: AuthConfig) -> None:
    move(auth_config, NOWHERE)
    config = AuthConfig.objects.get()
    endpoint, _ = token_breakers(config)
    open_breaker(endpoint)
    ConnectedAccount.objects.update(refresh_at=timezone.now())
    refresh_due()
    assert ConnectedAccount.objects.get().grant_generation == 2
    breaker = Breaker.objects.get()
    assert (breaker.opened_at is None, breaker.trial_until) == (False, None)


def test_probes_there_tell_nothing_of_the_present_home(
    auth_config: AuthConfig, provider: ScriptedProvider
) -> None:
    now = timezone.now()
    crowd(auth_config, 6)
    move(auth_config, NOWHERE)
    provider.answer(USERINFO_PATH, Answer(status=503, json={}))
    ConnectedAccount.objects.update(probe_at=now)
    assert len(probe_all(now=now)) == 6
    assert not Breaker.objects.exists()


def test_a_dead_token_there_is_asked_about_twice(
    auth_config: AuthConfig, account: ConnectedAccount, provider: ScriptedProvider
) -> None:
    now = timezone.now()
    reconnect(account, now=now)
    move(auth_config, NOWHERE)
    provider.answer(USERINFO_PATH, REFUSAL)
    ConnectedAccount.objects.update(probe_at=now)
    probe_all(now=now)
    again = ConnectedAccount.objects.get()
    assert (again.status, Breaker.objects.count()) == (Status.ACTIVE, 0)
    assert again.probe_at is not None
    probe_all(now=again.probe_at)
    assert ConnectedAccount.objects.get().status == Status.EXPIRED
