"""A client's secret, or the client itself, is replaced while its accounts live on."""

from __future__ import annotations

import base64

import pytest

from connections.errors import AccountUnusable
from connections.models import ConnectedAccount, Trigger
from connections.refresh import refresh_account
from integrations.auth_configs import forget_older_secrets, update_auth_config
from integrations.catalog import TerminalRule
from integrations.models import AuthConfig
from integrations.secrets import Secret
from tests.connections.proving import change_toolkit
from tests.provider import Answer, ScriptedProvider, tokens

pytestmark = pytest.mark.django_db

REFUSED = Answer(status=401, json={"error": "invalid_client"})


def clients(provider: ScriptedProvider) -> list[str]:
    """Return the clients that called, as id and secret."""
    heads = [head["Authorization"] for head in provider.heads if "Authorization" in head]
    return [base64.b64decode(head.removeprefix("Basic ")).decode() for head in heads]


def refresh(account: ConnectedAccount) -> None:
    refresh_account(account_id=account.pk, trigger=Trigger.API)


def give_secret(auth_config: AuthConfig, secret: str) -> None:
    update_auth_config(auth_config=auth_config, client_secret=Secret(secret))


def test_a_new_secret_is_used_at_once(
    auth_config: AuthConfig, account: ConnectedAccount, provider: ScriptedProvider
) -> None:
    give_secret(auth_config, "new")
    refresh(account)
    assert clients(provider) == ["client:new"]


def test_where_it_is_refused_the_one_before_is_tried(
    auth_config: AuthConfig, account: ConnectedAccount, provider: ScriptedProvider
) -> None:
    give_secret(auth_config, "mistyped")
    provider.answer_tokens(REFUSED, tokens())
    refresh(account)
    assert clients(provider) == ["client:mistyped", "client:client secret"]
    auth_config.refresh_from_db()
    assert auth_config.misconfigured_since is None


def test_a_grant_that_is_over_is_not_asked_about_with_another_secret(
    auth_config: AuthConfig,
    account: ConnectedAccount,
    provider: ScriptedProvider,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rule = TerminalRule(error=("unauthorized_client",))
    change_toolkit(monkeypatch, terminal=(rule,))
    give_secret(auth_config, "new")
    provider.answer_tokens(Answer(status=403, json={"error": "unauthorized_client"}))
    with pytest.raises(AccountUnusable):
        refresh(account)
    assert clients(provider) == ["client:new"]


def test_one_that_was_forgotten_is_not_tried(
    auth_config: AuthConfig, account: ConnectedAccount, provider: ScriptedProvider
) -> None:
    give_secret(auth_config, "new")
    forget_older_secrets(auth_config=auth_config)
    provider.answer_tokens(REFUSED)
    with pytest.raises(Exception, match="does not issue"):
        refresh(account)
    assert clients(provider) == ["client:new"]
    auth_config.refresh_from_db()
    assert auth_config.misconfigured_since is not None


def test_an_account_keeps_the_client_that_it_was_granted_to(
    auth_config: AuthConfig, account: ConnectedAccount, provider: ScriptedProvider
) -> None:
    ConnectedAccount.objects.update(oauth_client_id="client")
    update_auth_config(auth_config=auth_config, client_id="other", client_secret=Secret("theirs"))
    refresh(account)
    assert clients(provider) == ["client:client secret"]


def test_a_client_without_a_secret_is_kept_too(
    auth_config: AuthConfig, account: ConnectedAccount, provider: ScriptedProvider
) -> None:
    ConnectedAccount.objects.update(oauth_client_id="client")
    auth_config.client_secret = None
    auth_config.save()
    update_auth_config(auth_config=auth_config, client_id="other", client_secret=Secret("theirs"))
    refresh(account)
    [(_, form)] = provider.calls
    assert form["client_id"] == "client"


def test_a_client_that_nobody_was_granted_to_is_the_present_one(
    auth_config: AuthConfig, account: ConnectedAccount, provider: ScriptedProvider
) -> None:
    update_auth_config(auth_config=auth_config, client_id="other", client_secret=Secret("theirs"))
    refresh(account)
    assert clients(provider) == ["other:theirs"]
