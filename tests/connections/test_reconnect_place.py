"""A reconnect stays where the account was connected: in its company, at its site, on its host."""

from __future__ import annotations

import html
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client

from connections.actors import SYSTEM
from connections.models import ConnectAttempt, ConnectedAccount, Reason, Revocation, Status
from connections.operations import reconnect_account
from connections.refresh import revoke_due
from integrations.catalog import get_toolkit, is_same_place
from integrations.models import AuthConfig
from tests.connections.importing import Importer, row
from tests.making import CALLBACK_URL, link_to
from tests.other_toolkits import ME, use_toolkit
from tests.person import Person
from tests.provider import Answer, ScriptedProvider, tokens

pytestmark = pytest.mark.django_db

URLS = {
    "authorization_url": "{base_url}/authorize",
    "token_url": "{base_url}/token",
    "revocation_url": "{base_url}/revoke",
    "default_scopes": ["read"],
}
REALM = {"label": "Company", "pattern": "[0-9]{1,25}", "source": "redirect", "path": "realmId"}
OF_IDENTITY: dict[str, Any] = {"realmId": REALM | {"part_of_identity": True}}
SHOP: dict[str, Any] = {"shop": {"label": "Shop", "pattern": "[a-z]{1,20}"}}
SITE = {
    "label": "Site",
    "pattern": "[a-z]{1,20}",
    "source": "call",
    "url": "{base_url}/sites",
    "path": "0.id",
    "path_again": "[id={site}].id",
    "part_of_identity": True,
}


@pytest.fixture(autouse=True)
def _whose(provider: ScriptedProvider) -> None:
    """Every token is Alice's."""
    provider.answer(ME, Answer(json={"id": "7", "email": "alice@example.com"}))
    provider.answer("/token", tokens())
    provider.answer("/revoke", Answer(json={}))


def use(monkeypatch: pytest.MonkeyPatch, parameters: dict[str, Any]) -> None:
    use_toolkit(monkeypatch, **URLS, connection_parameters=parameters)


def travel(url: str, *, given: dict[str, str] | None = None, **answer: str) -> Any:
    person = Person(url)
    person.set_out(**(given or {}))
    return person.come_back(code="c", **answer)


def reconnect(**journey: Any) -> Any:
    return travel(way_back(), **journey)


def way_back() -> str:
    account = ConnectedAccount.objects.get()
    return reconnect_account(account=account, actor=SYSTEM, callback_url=CALLBACK_URL).url


def text(page: Any) -> str:
    return html.unescape(page.content.decode())


def test_another_company_of_the_same_person_is_refused(
    monkeypatch: pytest.MonkeyPatch, auth_config: AuthConfig
) -> None:
    use(monkeypatch, OF_IDENTITY)
    travel(link_to(auth_config), realmId="1")
    page = reconnect(realmId="2")
    account = ConnectedAccount.objects.get()
    assert (account.status, account.parameters) == (Status.ACTIVE, {"realmId": "1"})
    assert ConnectAttempt.objects.order_by("-pk")[0].outcome == Reason.IDENTITY_MISMATCH
    assert page.status_code == 409
    assert "That was another company or site" in text(page)


def test_its_tokens_are_given_back(
    monkeypatch: pytest.MonkeyPatch, auth_config: AuthConfig, provider: ScriptedProvider
) -> None:
    use(monkeypatch, OF_IDENTITY)
    travel(link_to(auth_config), realmId="1")
    provider.answer("/token", tokens(3))
    reconnect(realmId="2")
    revoke_due()
    assert [form["token"] for form in provider.forms("/revoke")] == ["refresh-3"]


def test_the_same_company_is_reconnected(
    monkeypatch: pytest.MonkeyPatch, auth_config: AuthConfig
) -> None:
    use(monkeypatch, OF_IDENTITY)
    travel(link_to(auth_config), realmId="1")
    reconnect(realmId="1")
    assert ConnectedAccount.objects.get().status_reason == Reason.RECONNECTED


def test_what_is_no_part_of_the_identity_may_change(
    monkeypatch: pytest.MonkeyPatch, auth_config: AuthConfig
) -> None:
    use(monkeypatch, {"realmId": REALM})
    travel(link_to(auth_config), realmId="1")
    reconnect(realmId="2")
    account = ConnectedAccount.objects.get()
    assert account.status_reason == Reason.RECONNECTED
    assert account.parameters == {"realmId": "2"}


def test_what_changes_with_a_consent_makes_no_second_account(
    monkeypatch: pytest.MonkeyPatch, auth_config: AuthConfig
) -> None:
    use(monkeypatch, {"realmId": REALM})
    travel(link_to(auth_config), realmId="1")
    travel(link_to(auth_config, allow_multiple=True), realmId="2")
    assert ConnectAttempt.objects.latest("pk").outcome == Reason.ALREADY_CONNECTED
    held = ConnectedAccount.objects.filter(status=Status.ACTIVE)
    assert [account.parameters for account in held] == [{"realmId": "1"}]


def test_two_companies_of_one_person_are_two_accounts(
    monkeypatch: pytest.MonkeyPatch, auth_config: AuthConfig
) -> None:
    use(monkeypatch, OF_IDENTITY)
    travel(link_to(auth_config), realmId="1")
    travel(link_to(auth_config, allow_multiple=True), realmId="2")
    held = ConnectedAccount.objects.filter(status=Status.ACTIVE).order_by("pk")
    assert [account.parameters for account in held] == [{"realmId": "1"}, {"realmId": "2"}]


def test_nobody_moves_an_account_to_a_host_of_his_own(
    monkeypatch: pytest.MonkeyPatch, auth_config: AuthConfig
) -> None:
    use(monkeypatch, SHOP)
    travel(link_to(auth_config), given={"shop": "acme"})
    page = reconnect(given={"shop": "other"})
    assert ConnectedAccount.objects.get().parameters == {"shop": "acme"}
    assert "You connected" in text(page)
    assert "<bdi>other</bdi>" in text(page)
    assert "<bdi>acme</bdi>" in text(page)


def test_an_account_whose_owner_nobody_knows_stays_where_it_is_too(
    monkeypatch: pytest.MonkeyPatch, auth_config: AuthConfig
) -> None:
    use_toolkit(monkeypatch, **URLS, connection_parameters=SHOP, identity=None)
    travel(link_to(auth_config), given={"shop": "acme"})
    reconnect(given={"shop": "other"})
    assert ConnectedAccount.objects.get().parameters == {"shop": "acme"}


def test_the_field_of_what_stays_cannot_be_edited(
    monkeypatch: pytest.MonkeyPatch, auth_config: AuthConfig
) -> None:
    use(monkeypatch, SHOP)
    url = link_to(auth_config)
    assert "readonly" not in text(Client().get(urlsplit(url).path))
    travel(url, given={"shop": "acme"})
    assert 'readonly value="acme"' in text(Client().get(urlsplit(way_back()).path))


def test_a_first_connection_may_be_elsewhere_than_by_default(
    monkeypatch: pytest.MonkeyPatch, auth_config: AuthConfig
) -> None:
    use(monkeypatch, {"shop": SHOP["shop"] | {"default": "main"}})
    travel(link_to(auth_config), given={"shop": "other"})
    assert ConnectedAccount.objects.get().parameters == {"shop": "other"}


def test_of_the_sites_of_a_grant_an_account_keeps_its_own(
    monkeypatch: pytest.MonkeyPatch, auth_config: AuthConfig, provider: ScriptedProvider
) -> None:
    use(monkeypatch, {"site": SITE})
    provider.answer("/sites", Answer(json=[{"id": "north"}]))
    travel(link_to(auth_config))
    provider.answer("/sites", Answer(json=[{"id": "south"}, {"id": "north"}]))
    reconnect()
    account = ConnectedAccount.objects.get()
    assert (account.status_reason, account.parameters) == (Reason.RECONNECTED, {"site": "north"})


def test_a_grant_without_the_accounts_site_is_refused_and_not_revoked(
    monkeypatch: pytest.MonkeyPatch, auth_config: AuthConfig, provider: ScriptedProvider
) -> None:
    use(monkeypatch, {"site": SITE})
    provider.answer("/sites", Answer(json=[{"id": "north"}]))
    travel(link_to(auth_config))
    provider.answer("/sites", Answer(json=[{"id": "south"}]))
    reconnect()
    revoke_due()
    assert ConnectedAccount.objects.get().parameters == {"site": "north"}
    # It may be the very grant that the account stands on: one grant spans sites.
    assert Revocation.objects.get().superseded_at is not None
    assert provider.forms("/revoke") == []


def test_one_person_is_imported_for_each_of_her_companies(
    monkeypatch: pytest.MonkeyPatch, importer: Importer
) -> None:
    use(monkeypatch, OF_IDENTITY)
    rows = [
        row(number, user_id="alice", identity_id="7", parameters={"realmId": str(number)})
        for number in (1, 2)
    ]
    assert importer.rows(*rows, allow_multiple=True).results == [("ok", "")] * 2
    again = importer.rows(*rows, allow_multiple=True)
    assert again.results == [("skipped", "already_there")] * 2


@pytest.mark.parametrize(
    ("slug", "name"),
    [
        ("quickbooks", "realmId"),
        ("jira", "cloud_id"),
        ("confluence", "cloud_id"),
        ("docusign", "account_id"),
        ("grafana", "host"),
        ("activecampaign", "host"),
    ],
)
def test_where_one_person_has_several_the_catalog_tells_them_apart(slug: str, name: str) -> None:
    known = get_toolkit(slug).connection_parameters
    assert not is_same_place(known, {name: "a"}, {name: "b"})


@pytest.mark.parametrize(
    ("slug", "name"), [("vk", "device_id"), ("salesforce", "instance_url"), ("mailchimp", "dc")]
)
def test_what_may_change_with_a_consent_tells_nothing(slug: str, name: str) -> None:
    known = get_toolkit(slug).connection_parameters
    assert is_same_place(known, {name: "a"}, {name: "b"})
