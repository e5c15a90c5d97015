"""Tokens are revoked where they were issued, as the client that they were issued to."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from connections.actors import SYSTEM
from connections.models import ConnectedAccount, Entity, Revocation
from connections.operations import delete_account, reconnect_account, revoke_account
from connections.refresh import revoke_due
from integrations.auth_configs import update_auth_config
from integrations.models import AuthConfig
from integrations.secrets import Secret
from tests.making import CALLBACK_URL, connect, link_to
from tests.other_toolkits import ME, use_toolkit
from tests.person import Person
from tests.provider import REVOKE_PATH, Answer, ScriptedProvider, tokens

pytestmark = pytest.mark.django_db

SHOPS: dict[str, Any] = {
    "authorization_url": "{base_url}/{shop}/authorize",
    "token_url": "{base_url}/{shop}/token",
    "revocation_url": "{base_url}/{shop}/revoke",
    "default_scopes": ["read"],
    "connection_parameters": {"shop": {"label": "Shop", "pattern": "[a-z]{1,20}"}},
}


@pytest.fixture
def _shops(monkeypatch: pytest.MonkeyPatch, provider: ScriptedProvider) -> None:
    """Two shops of the same service, where every token is Bob's."""
    use_toolkit(monkeypatch, **SHOPS)
    provider.answer(ME, Answer(json={"id": "8", "email": "bob@example.com"}))
    for shop in ("acme", "other"):
        provider.answer(f"/{shop}/token", tokens())
        provider.answer(f"/{shop}/revoke", Answer(json={}))


def at_acme(auth_config: AuthConfig, entity: Entity) -> ConnectedAccount:
    """Return Alice's account at one of the shops."""
    account = connect(auth_config=auth_config, entity=entity)
    ConnectedAccount.objects.update(parameters={"shop": "acme"})
    account.refresh_from_db()
    return account


def reconnect(account: ConnectedAccount, **given: str) -> None:
    person = Person(reconnect_account(account=account, actor=SYSTEM, callback_url=CALLBACK_URL).url)
    person.set_out(**given)
    person.come_back(code="c")


def revoking_clients(provider: ScriptedProvider) -> list[str]:
    """Return the clients that revoked, as id and secret."""
    calls = zip(provider.targets, provider.heads, strict=True)
    heads = [head["Authorization"] for target, head in calls if target == REVOKE_PATH]
    return [base64.b64decode(head.removeprefix("Basic ")).decode() for head in heads]


def test_tokens_of_a_refused_reconnect_are_revoked_as_the_client_that_got_them(
    auth_config: AuthConfig, account: ConnectedAccount, provider: ScriptedProvider
) -> None:
    ConnectedAccount.objects.update(oauth_client_id="client")
    update_auth_config(auth_config=auth_config, client_id="other", client_secret=Secret("theirs"))
    provider.answer_identity("8", "bob@example.com")
    reconnect(account)
    revoke_due()
    assert revoking_clients(provider) == ["other:theirs"]


@pytest.mark.usefixtures("_shops")
def test_tokens_of_a_refused_reconnect_are_revoked_where_it_led(
    auth_config: AuthConfig, entity: Entity, provider: ScriptedProvider
) -> None:
    reconnect(at_acme(auth_config, entity), shop="other")
    revoke_due()
    [form] = provider.forms("/other/revoke")
    assert form["token"] == "refresh-2"
    assert provider.forms("/acme/revoke") == []


@pytest.mark.usefixtures("_shops")
def test_tokens_for_an_account_that_was_deleted_meanwhile_are_revoked_where_they_are_from(
    auth_config: AuthConfig, provider: ScriptedProvider
) -> None:
    person = Person(link_to(auth_config))
    person.set_out(shop="acme")
    delete_account(account=ConnectedAccount.objects.get(), actor=SYSTEM)
    person.come_back(code="c")
    revoke_due()
    assert [form["token"] for form in provider.forms("/acme/revoke")] == ["refresh-2"]


@pytest.mark.usefixtures("_shops")
@pytest.mark.parametrize("end", [revoke_account, delete_account])
def test_the_grant_of_a_reconnect_that_was_faster_is_revoked_where_it_is_from(
    auth_config: AuthConfig, entity: Entity, provider: ScriptedProvider, end: Any
) -> None:
    read_before = at_acme(auth_config, entity)
    ConnectedAccount.objects.update(parameters={"shop": "other"})
    end(account=read_before, actor=SYSTEM)
    revoke_due()
    assert len(provider.forms("/other/revoke")) == 1


@pytest.mark.usefixtures("_shops")
def test_a_revocation_from_before_that_was_kept_goes_where_the_account_is(
    auth_config: AuthConfig, entity: Entity, provider: ScriptedProvider
) -> None:
    revoke_account(account=at_acme(auth_config, entity), actor=SYSTEM)
    Revocation.objects.update(parameters=None, oauth_client_id="")
    revoke_due()
    assert len(provider.forms("/acme/revoke")) == 1
