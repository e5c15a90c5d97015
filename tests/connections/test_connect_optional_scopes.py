"""Optional scopes of a key that is traded: asked for, and no harm where they are refused."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from django.test import Client

from connections.errors import AccountUnusable
from connections.models import ConnectedAccount, Status, Trigger
from connections.refresh import refresh_account
from integrations.models import AuthConfig
from tests.making import link_to
from tests.other_toolkits import ME, use_toolkit
from tests.provider import Answer, ScriptedProvider, tokens

pytestmark = pytest.mark.django_db

KEY = {"client_id": "robot", "client_secret": "s3cret"}
FORM = {
    "scheme": "client_credentials",
    "fields": [{"name": name, "label": name} for name in KEY],
    "token_url": "{base_url}/token",
    "scopes": ["read"],
}
ISSUED = tokens(scope=None, refresh_token=None)
TOO_MUCH = Answer(status=401, json={"error": "unauthorized_client"})
DEAD = Answer(status=400, json={"error": "invalid_grant"})


@pytest.fixture
def config(
    auth_config: AuthConfig, provider: ScriptedProvider, monkeypatch: pytest.MonkeyPatch
) -> AuthConfig:
    """An auth config whose keys read, and write where they may."""
    use_toolkit(monkeypatch, keys=[FORM])
    provider.answer(ME, Answer(json={"id": "7", "email": "alice@example.com"}))
    provider.answer("/token", ISSUED)
    changes = {"scheme": "client_credentials", "client_id": "", "client_secret": None}
    AuthConfig.objects.update(optional_scopes=["write"], **changes)
    auth_config.refresh_from_db()
    return auth_config


def connect(config: AuthConfig) -> ConnectedAccount:
    Client().post(urlsplit(link_to(config)).path, KEY)
    return ConnectedAccount.objects.get()


def asked(provider: ScriptedProvider) -> list[str]:
    return [form["scope"] for form in provider.forms("/token")]


def test_optional_scopes_are_asked_for(config: AuthConfig, provider: ScriptedProvider) -> None:
    account = connect(config)
    assert asked(provider) == ["read write"]
    assert (account.status, account.scopes_granted) == (Status.ACTIVE, ["read", "write"])


def test_where_they_are_refused_the_account_is_connected_without_them(
    config: AuthConfig, provider: ScriptedProvider
) -> None:
    provider.answer("/token", TOO_MUCH, ISSUED)
    account = connect(config)
    assert asked(provider) == ["read write", "read"]
    assert (account.status, account.scopes_granted) == (Status.ACTIVE, ["read"])


def test_where_they_are_withdrawn_the_account_lives_on(
    config: AuthConfig, provider: ScriptedProvider
) -> None:
    account = connect(config)
    provider.answer("/token", TOO_MUCH, ISSUED)
    refresh_account(account_id=account.pk, trigger=Trigger.API)
    account.refresh_from_db()
    assert (account.status, account.scopes_granted) == (Status.ACTIVE, ["read"])


def test_where_they_are_given_later_the_next_refresh_has_them(
    config: AuthConfig, provider: ScriptedProvider
) -> None:
    provider.answer("/token", TOO_MUCH, ISSUED)
    account = connect(config)
    refresh_account(account_id=account.pk, trigger=Trigger.API)
    account.refresh_from_db()
    assert account.scopes_granted == ["read", "write"]


def test_a_key_that_is_dead_is_dead_without_them_too(
    config: AuthConfig, provider: ScriptedProvider
) -> None:
    account = connect(config)
    provider.answer("/token", DEAD)
    with pytest.raises(AccountUnusable):
        refresh_account(account_id=account.pk, trigger=Trigger.API)
    account.refresh_from_db()
    assert account.status == Status.EXPIRED


def test_an_outage_is_not_asked_twice(config: AuthConfig, provider: ScriptedProvider) -> None:
    provider.answer("/token", Answer(status=503, json={}))
    connect(config)
    assert asked(provider) == ["read write"]
