"""A person connects with a key: the form, its proof, and what is said where it does not work."""

from __future__ import annotations

import html
from copy import deepcopy
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from connections import probing
from connections.actors import SYSTEM
from connections.models import ConnectAttempt, ConnectedAccount, Credentials, Reason, Status
from connections.operations import reconnect_account
from connections.refresh import get_credentials
from integrations.models import AuthConfig
from tests.making import link_to
from tests.other_toolkits import API_KEY, ME, use_toolkit
from tests.provider import Answer, ScriptedProvider

pytestmark = pytest.mark.django_db

KEY = "sk-canary1"
ALICE = Answer(json={"id": "7", "email": "alice@example.com"})


@pytest.fixture
def key_config(
    auth_config: AuthConfig, provider: ScriptedProvider, monkeypatch: pytest.MonkeyPatch
) -> AuthConfig:
    use_toolkit(monkeypatch, keys=[API_KEY])
    provider.answer(ME, ALICE)
    AuthConfig.objects.update(scheme="api_key", client_id="", client_secret=None)
    auth_config.refresh_from_db()
    return auth_config


@pytest.fixture
def path(key_config: AuthConfig) -> str:
    return urlsplit(link_to(key_config)).path


def give(path: str, client: Client | None = None, **values: str) -> Any:
    return (client or Client()).post(path, {"api_key": KEY} | values)


def test_the_form_asks_for_what_the_toolkit_needs(path: str) -> None:
    page = Client().get(path).content.decode()
    assert 'name="api_key" type="password"' in page
    assert "Acme Agents" in page
    assert "Continue to" not in page


def test_a_key_that_works_connects_the_account(path: str, provider: ScriptedProvider) -> None:
    response = give(path)
    account = ConnectedAccount.objects.get()
    assert response.status_code == 302
    assert response.headers["Location"].startswith("https://app.example.com/connected?")
    assert (account.status, account.identity_label) == (Status.ACTIVE, "alice@example.com")
    assert provider.heads[-1]["X-Api-Key"] == KEY
    assert account.expires_at is None


def test_its_parts_are_sealed_and_read_through_the_one_door(path: str) -> None:
    give(path)
    account = ConnectedAccount.objects.get()
    assert KEY not in str(Credentials.objects.values().get())
    grant = get_credentials(account_id=account.pk)
    assert grant.tokens.access_token.reveal() == KEY
    assert grant.tokens.fields["api_key"].reveal() == KEY


def test_a_refused_key_connects_nothing_and_may_be_corrected(
    path: str, provider: ScriptedProvider
) -> None:
    provider.answer(ME, Answer(status=401, json={"error": "bad_key"}), ALICE)
    client = Client()
    page = give(path, client)
    assert page.status_code == 422
    assert "does not accept this" in page.content.decode()
    assert KEY not in page.content.decode()
    account = ConnectedAccount.objects.get()
    assert (account.status, ConnectAttempt.objects.get().outcome) == (
        Status.INITIATED,
        Reason.PROBE_REJECTED,
    )
    assert give(path, client).status_code == 302


@pytest.mark.parametrize("key", ["", "sk-", "pk-abc", "sk-\u00e4", "sk-a\r\nX: y", "sk-a\x00"])
def test_what_cannot_be_right_is_said_and_goes_nowhere(
    path: str, provider: ScriptedProvider, key: str
) -> None:
    page = give(path, api_key=key)
    assert page.status_code == 400
    assert 'aria-invalid="true"' in page.content.decode()
    assert provider.calls == []


def test_an_outage_blames_nobody_and_connects_nothing(
    path: str, provider: ScriptedProvider
) -> None:
    provider.answer(ME, Answer(status=503, json={}))
    page = give(path)
    assert page.status_code == 502
    assert "could not be reached" in page.content.decode()
    assert ConnectedAccount.objects.get().status == Status.INITIATED


def test_a_form_that_is_sent_again_after_a_lost_answer_is_the_same_browsers(
    path: str, provider: ScriptedProvider
) -> None:
    provider.answer(ME, Answer(status=401, json={}), ALICE)
    client, again = Client(), Client()
    client.get(path)
    again.cookies = deepcopy(client.cookies)
    assert give(path, client).status_code == 422
    assert give(path, again).status_code == 302


@pytest.mark.django_db(transaction=True)
def test_of_two_trips_at_once_the_slower_hears_that_it_is_connected(
    path: str, provider: ScriptedProvider
) -> None:
    client, again = Client(), Client()
    client.get(path)
    again.cookies = deepcopy(client.cookies)
    answers: list[int] = []

    def other_trip() -> None:
        try:
            answers.append(give(path, again).status_code)
        finally:
            connection.close()

    provider.answer(ME, Answer(json=ALICE.json, before=other_trip), ALICE)
    page = give(path, client)
    text = html.unescape(page.content.decode())
    assert (answers, page.status_code) == ([302], 400)
    assert "You are connected already" in text
    assert "status=success" in text
    assert "status=failed" not in text


def test_another_browser_finds_the_link_used(path: str, provider: ScriptedProvider) -> None:
    provider.answer(ME, Answer(status=401, json={}))
    give(path)
    assert give(path).status_code == 410


def test_a_link_is_not_for_trying_many_keys(path: str, provider: ScriptedProvider) -> None:
    provider.answer(ME, Answer(status=401, json={}))
    client = Client()
    statuses = {give(path, client).status_code for _ in range(20)}
    assert statuses == {422}
    page = give(path, client)
    assert page.status_code == 429
    assert "This link was tried too often" in page.content.decode()


def test_somebody_elses_key_is_refused_on_reconnecting(
    key_config: AuthConfig, path: str, provider: ScriptedProvider
) -> None:
    give(path)
    account = ConnectedAccount.objects.get()
    ConnectedAccount.objects.update(status=Status.EXPIRED, status_reason=Reason.PROBE_REJECTED)
    provider.answer(ME, Answer(json={"id": "8", "email": "bob@example.com"}))
    again = urlsplit(reconnect_account(account=account, actor=SYSTEM).url).path
    page = give(again)
    assert "bob@example.com" in page.content.decode()
    account.refresh_from_db()
    assert (account.status, account.identity_id) == (Status.EXPIRED, "7")


def test_a_key_that_dies_expires_the_account_by_its_probe(
    path: str, provider: ScriptedProvider
) -> None:
    give(path)
    provider.answer(ME, Answer(status=401, json={"error": "revoked"}))
    now = timezone.now()
    for hours in (30, 60):
        ConnectedAccount.objects.update(probe_at=now)
        moment = now + timedelta(hours=hours)
        probing.finish(
            [probing.probe(p) for p in probing.claim_due(limit=5, now=moment)], now=moment
        )
    account = ConnectedAccount.objects.get()
    assert (account.status, account.status_reason) == (Status.EXPIRED, Reason.PROBE_REJECTED)


@pytest.fixture
def datacenter_config(
    auth_config: AuthConfig, provider: ScriptedProvider, monkeypatch: pytest.MonkeyPatch
) -> AuthConfig:
    """A service as Mailchimp is: a call tells OAuth tokens where the account is, a key ends so."""
    here = {"label": "Server", "pattern": "[a-z]{2}[0-9]", "source": "call", "path": "dc"}
    use_toolkit(
        monkeypatch,
        authorization_url="{base_url}/authorize",
        token_url="{base_url}/token",
        connection_parameters={"dc": here | {"url": "{base_url}/metadata"}},
        identity={"url": "{base_url}/{dc}/me", "id_path": "id", "label_paths": ["email"]},
        keys=[API_KEY | {"connection_parameters": {"dc": {"field": "api_key", "after": "-"}}}],
    )
    provider.answer("/metadata", Answer(json={"error": "invalid_token"}))
    provider.answer("/us6/me", ALICE)
    AuthConfig.objects.update(scheme="api_key", client_id="", client_secret=None)
    auth_config.refresh_from_db()
    return auth_config


def test_a_key_tells_by_its_end_where_its_account_is(
    datacenter_config: AuthConfig, provider: ScriptedProvider
) -> None:
    path = urlsplit(link_to(datacenter_config)).path
    assert 'name="dc"' not in Client().get(path).content.decode()
    assert give(path, api_key=" sk-us6 ").status_code == 302
    account = ConnectedAccount.objects.get()
    assert (account.status, account.parameters) == (Status.ACTIVE, {"dc": "us6"})
    assert [called for called, _ in provider.calls] == ["/us6/me"]


def test_a_key_whose_end_leads_nowhere_is_refused_at_its_field(
    datacenter_config: AuthConfig, provider: ScriptedProvider
) -> None:
    page = give(urlsplit(link_to(datacenter_config)).path, api_key="sk-elsewhere")
    assert page.status_code == 400
    assert 'aria-invalid="true"' in page.content.decode()
    assert provider.calls == []
