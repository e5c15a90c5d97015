"""A person connects at a provider that speaks OAuth 1.0a."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from django.test import Client

from connections.models import ConnectAttempt, ConnectedAccount, Reason, Status
from integrations.models import AuthConfig
from tests.making import link_to
from tests.other_toolkits import ME, use_toolkit
from tests.provider import Answer, ScriptedProvider

pytestmark = pytest.mark.django_db

REQUEST_TOKEN = Answer(
    raw=b"oauth_token=temp&oauth_token_secret=hush&oauth_callback_confirmed=true"
)
ACCESS_TOKEN = Answer(raw=b"oauth_token=canary-token&oauth_token_secret=canary-secret")


@pytest.fixture
def path(
    monkeypatch: pytest.MonkeyPatch, provider: ScriptedProvider, auth_config: AuthConfig
) -> str:
    use_toolkit(
        monkeypatch,
        request_token_url="{base_url}/request",
        authorization_url="{base_url}/authorize",
        token_url="{base_url}/access",
    )
    AuthConfig.objects.update(scheme="oauth1")
    auth_config.refresh_from_db()
    provider.answer("/request", REQUEST_TOKEN)
    provider.answer("/access", ACCESS_TOKEN)
    provider.answer(ME, Answer(json={"id": "7", "email": "alice@example.com"}))
    return urlsplit(link_to(auth_config)).path


def signed(head: dict[str, str]) -> dict[str, str]:
    """Return the parts of an OAuth 1 Authorization header."""
    pairs = (part.strip().split("=", 1) for part in head["Authorization"][6:].split(","))
    return {name: unquote(value.strip('"')) for name, value in pairs}


def set_out(path: str, provider: ScriptedProvider) -> tuple[Client, Any]:
    """Press the button; return the browser, and where the provider would send it back to."""
    client = Client()
    response = client.post(path)
    assert response.headers["Location"] == f"{provider.url}/authorize?oauth_token=temp"
    return client, urlsplit(signed(provider.heads[-1])["oauth_callback"])


def come_back(client: Client, callback: Any, **answer: str) -> Any:
    state = parse_qs(callback.query)["state"][0]
    return client.get(callback.path, {"state": state} | answer)


def test_the_whole_way(path: str, provider: ScriptedProvider) -> None:
    client, callback = set_out(path, provider)
    response = come_back(client, callback, oauth_token="temp", oauth_verifier="v")
    assert response.status_code == 302
    account = ConnectedAccount.objects.get()
    assert (account.status, account.identity_id) == (Status.ACTIVE, "7")
    assert account.expires_at is None
    assert signed(provider.heads[-2])["oauth_verifier"] == "v"
    assert signed(provider.heads[-1])["oauth_token"] == "canary-token"
    assert "hush" not in str(ConnectAttempt.objects.values().get())


def test_who_says_no_comes_back_without_a_verifier(path: str, provider: ScriptedProvider) -> None:
    client, callback = set_out(path, provider)
    come_back(client, callback, denied="temp")
    assert ConnectedAccount.objects.get().status_reason == Reason.CONSENT_DENIED
    assert provider.forms("/access") == []


def test_another_trips_token_is_not_exchanged(path: str, provider: ScriptedProvider) -> None:
    client, callback = set_out(path, provider)
    come_back(client, callback, oauth_token="other", oauth_verifier="v")
    assert ConnectedAccount.objects.get().status == Status.FAILED
    assert provider.forms("/access") == []


def test_a_provider_that_is_down_is_said_before_anybody_is_sent_there(
    path: str, provider: ScriptedProvider
) -> None:
    provider.answer("/request", Answer(status=503, json={}))
    page = Client().post(path)
    assert page.status_code == 502
    assert "could not be reached" in page.content.decode()
