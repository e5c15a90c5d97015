"""What an account brings for the service's addresses: from the person, or from the provider."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client

from connections.connect.fields import form_source
from connections.models import ConnectAttempt, ConnectedAccount, Reason, Status, Trigger
from connections.refresh import refresh_account
from integrations.models import AuthConfig
from tests.making import link_to
from tests.other_toolkits import ME, use_toolkit
from tests.person import Person
from tests.provider import Answer, ScriptedProvider, tokens

pytestmark = pytest.mark.django_db

OAUTH = {
    "authorization_url": "{base_url}/{shop}/authorize",
    "token_url": "{base_url}/{shop}/token",
    "default_scopes": ["read"],
}
SHOP = {"shop": {"label": "Shop", "pattern": "[a-z]{1,20}"}}
HOST = r"https://[a-z]+\.example\.com"


@pytest.fixture(autouse=True)
def _whose(provider: ScriptedProvider) -> None:
    provider.answer(ME, Answer(json={"id": "7", "email": "alice@example.com"}))


def use_shops(monkeypatch: pytest.MonkeyPatch, provider: ScriptedProvider) -> None:
    use_toolkit(monkeypatch, **OAUTH, connection_parameters=SHOP)
    provider.answer("/acme/token", tokens())


def told(monkeypatch: pytest.MonkeyPatch, provider: ScriptedProvider, **parameter: Any) -> None:
    """Have the provider tell where the account's API is."""
    here = {"instance": {"label": "Instance", "pattern": HOST, **parameter}}
    urls = {"authorization_url": "{base_url}/authorize", "token_url": "{base_url}/token"}
    use_toolkit(monkeypatch, **urls, base_url="{instance}/api", connection_parameters=here)
    provider.answer("/token", tokens(instance_url="https://eu.example.com"))


def test_the_person_is_asked_and_sent_to_her_own_shop(
    monkeypatch: pytest.MonkeyPatch, provider: ScriptedProvider, auth_config: AuthConfig
) -> None:
    use_shops(monkeypatch, provider)
    path = urlsplit(link_to(auth_config)).path
    page = Client().get(path).content.decode()
    assert 'name="shop"' in page
    response = Client().post(path, {"shop": " acme "})
    assert response.headers["Location"].startswith(f"{provider.url}/acme/authorize?")


@pytest.mark.parametrize("shop", ["", "evil.com/", "a@b", "../x", "UPPER", "x#", "a" * 21])
def test_what_does_not_fit_leads_nowhere(
    monkeypatch: pytest.MonkeyPatch, provider: ScriptedProvider, auth_config: AuthConfig, shop: str
) -> None:
    use_shops(monkeypatch, provider)
    response = Client().post(urlsplit(link_to(auth_config)).path, {"shop": shop})
    assert response.status_code == 400
    assert not ConnectAttempt.objects.exists()


@pytest.mark.fault(43)
@pytest.mark.parametrize("told", ["a\x00b", "\ud800", "a\nb"])
def test_what_the_database_would_choke_on_fits_no_pattern(
    monkeypatch: pytest.MonkeyPatch, provider: ScriptedProvider, auth_config: AuthConfig, told: str
) -> None:
    anything = {"label": "Shop", "pattern": "[^/]+", "source": "token_response", "path": "shop"}
    use_toolkit(
        monkeypatch,
        authorization_url="{base_url}/authorize",
        token_url="{base_url}/acme/token",
        connection_parameters={"shop": anything},
    )
    provider.answer("/acme/token", tokens(shop=told))
    person = Person(link_to(auth_config))
    person.set_out()
    person.come_back(code="c")
    assert ConnectedAccount.objects.get().status_reason == Reason.EXCHANGE_FAILED


def test_the_account_keeps_it_and_is_refreshed_there(
    monkeypatch: pytest.MonkeyPatch, provider: ScriptedProvider, auth_config: AuthConfig
) -> None:
    use_shops(monkeypatch, provider)
    person = Person(link_to(auth_config))
    person.set_out(shop="acme")
    assert person.come_back(code="c").status_code == 302
    account = ConnectedAccount.objects.get()
    assert account.parameters == {"shop": "acme"}
    refresh_account(account_id=account.pk, trigger=Trigger.API)
    assert [form["grant_type"] for form in provider.forms("/acme/token")] == [
        "authorization_code",
        "refresh_token",
    ]


def test_the_token_answer_may_tell_where_the_api_is(
    monkeypatch: pytest.MonkeyPatch, provider: ScriptedProvider, auth_config: AuthConfig
) -> None:
    told(monkeypatch, provider, source="token_response", path="instance_url")
    person = Person(link_to(auth_config))
    person.set_out()
    person.come_back(code="c")
    assert ConnectedAccount.objects.get().base_url == "https://eu.example.com/api"


def test_an_address_that_is_not_the_services_is_refused(
    monkeypatch: pytest.MonkeyPatch, provider: ScriptedProvider, auth_config: AuthConfig
) -> None:
    told(monkeypatch, provider, source="token_response", path="instance_url")
    provider.answer("/token", tokens(instance_url="https://eu.example.com.evil.net"))
    person = Person(link_to(auth_config))
    person.set_out()
    person.come_back(code="c")
    account = ConnectedAccount.objects.get()
    assert (account.status, account.status_reason) == (Status.FAILED, Reason.EXCHANGE_FAILED)
    assert account.parameters == {}


def test_the_way_back_may_tell_it(
    monkeypatch: pytest.MonkeyPatch, provider: ScriptedProvider, auth_config: AuthConfig
) -> None:
    told(monkeypatch, provider, source="redirect", path="where")
    person = Person(link_to(auth_config))
    person.set_out()
    person.come_back(code="c", where="https://us.example.com")
    assert ConnectedAccount.objects.get().parameters == {"instance": "https://us.example.com"}


def test_the_code_is_exchanged_where_the_way_back_says_and_nowhere_else(
    monkeypatch: pytest.MonkeyPatch, provider: ScriptedProvider, auth_config: AuthConfig
) -> None:
    urls = {"authorization_url": "{base_url}/authorize", "token_url": "{base_url}/{place}/token"}
    place = {"label": "Place", "pattern": "[a-z]{2}", "source": "redirect", "path": "location"}
    use_toolkit(monkeypatch, **urls, connection_parameters={"place": place})
    provider.answer("/eu/token", tokens())
    for location, status in (("../x", Status.FAILED), ("eu", Status.ACTIVE)):
        person = Person(link_to(auth_config))
        person.set_out()
        person.come_back(code="c", location=location)
        assert ConnectedAccount.objects.get().status == status
    assert len(provider.forms("/eu/token")) == 1


def test_a_further_call_may_tell_it(
    monkeypatch: pytest.MonkeyPatch, provider: ScriptedProvider, auth_config: AuthConfig
) -> None:
    told(monkeypatch, provider, source="call", path="0.url", url="{base_url}/sites")
    provider.answer("/sites", Answer(json=[{"url": "https://us.example.com"}]))
    person = Person(link_to(auth_config))
    person.set_out()
    person.come_back(code="c")
    assert ConnectedAccount.objects.get().parameters == {"instance": "https://us.example.com"}
    assert provider.heads[-2]["Authorization"] == "Bearer access-2"


@pytest.mark.parametrize(
    ("url", "source"),
    [
        ("https://a.example/authorize", "https://a.example"),
        ("https://{shop}.shops.example/authorize", "https://*.shops.example"),
        ("https://{host}/authorize", "https:"),
        ("{base_url}/authorize", "https:"),
        ("", ""),
    ],
)
def test_the_policy_of_the_page_allows_the_way_to_the_provider(url: str, source: str) -> None:
    assert form_source(url) == source
