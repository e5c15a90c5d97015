"""The way back from a service that signs it: refused before the code is used."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

import pytest

from connections.models import ConnectAttempt, ConnectedAccount, Status
from integrations.models import AuthConfig
from tests.making import link_to
from tests.other_toolkits import ME, use_toolkit
from tests.person import Person
from tests.provider import Answer, ScriptedProvider, tokens

pytestmark = pytest.mark.django_db


@pytest.fixture
def person(
    monkeypatch: pytest.MonkeyPatch, provider: ScriptedProvider, auth_config: AuthConfig
) -> Person:
    """Return somebody who is at the provider, and about to come back."""
    use_toolkit(
        monkeypatch,
        authorization_url="{base_url}/authorize",
        token_url="{base_url}/token",
        connection_parameters={"shop": {"label": "Shop", "pattern": "[a-z]{1,20}"}},
        redirect_signature={"parameter": "hmac", "matches": {"shop": "{shop}.shops.example"}},
    )
    provider.answer("/token", tokens())
    provider.answer(ME, Answer(json={"id": "7", "email": "alice@example.com"}))
    away = Person(link_to(auth_config))
    away.set_out(shop="acme")
    return away


def signed(person: Person, auth_config: AuthConfig, **query: str) -> dict[str, str]:
    query = {"code": "c", "shop": "acme.shops.example"} | query
    pairs = sorted((query | {"state": person.authorization["state"]}).items())
    text = "&".join(f"{name}={value}" for name, value in pairs)
    key = auth_config.client_secret.reveal().encode()
    return query | {"hmac": hmac.new(key, text.encode(), hashlib.sha256).hexdigest()}


def come_back(person: Person, query: dict[str, str]) -> Any:
    return person.come_back(**query)


def test_a_signed_way_back_connects(person: Person, auth_config: AuthConfig) -> None:
    assert come_back(person, signed(person, auth_config)).status_code == 302
    assert ConnectedAccount.objects.get().status == Status.ACTIVE


@pytest.mark.parametrize("change", [{"code": "stolen"}, {"shop": "b.shops.example"}, {"hmac": ""}])
def test_a_changed_way_back_is_refused_before_the_code_is_used(
    person: Person, auth_config: AuthConfig, provider: ScriptedProvider, change: dict[str, str]
) -> None:
    page = come_back(person, signed(person, auth_config) | change)
    assert page.status_code == 403
    assert provider.forms("/token") == []
    assert ConnectAttempt.objects.get().consumed_at is None


def test_a_way_back_of_another_shop_is_refused_though_it_is_signed(
    person: Person, auth_config: AuthConfig, provider: ScriptedProvider
) -> None:
    query = signed(person, auth_config, shop="other.shops.example")
    assert come_back(person, query).status_code == 403
    assert provider.forms("/token") == []


def test_who_was_refused_may_still_come_back_rightly(
    person: Person, auth_config: AuthConfig
) -> None:
    right = signed(person, auth_config)
    come_back(person, right | {"code": "stolen"})
    assert come_back(person, right).status_code == 302
