"""Clients that their services know by other names than RFC 6749's."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from pytest_django.fixtures import Settings

from integrations.schemes import Granted, OAuth2Client
from integrations.secrets import Secret
from tests.other_toolkits import toolkit_with
from tests.provider import ScriptedProvider, tokens

BACK = "https://us.example/cb"


@pytest.fixture
def provider(settings: Settings) -> Iterator[ScriptedProvider]:
    settings.OUTBOUND_ALLOW_LOOPBACK = True
    with ScriptedProvider().serving() as serving:
        serving.answer("/token", tokens())
        yield serving


def client(provider: ScriptedProvider, account: dict[str, str], **facts: Any) -> OAuth2Client:
    urls = {"authorization_url": "{base_url}/authorize", "token_url": "{base_url}/token"}
    toolkit = toolkit_with(**urls, **facts).with_parameters({"base_url": provider.url})
    return OAuth2Client(
        toolkit=toolkit.with_connection(account),
        client_id="app",
        client_secret=Secret("s3cret"),
        authorization_parameters={},
        token_parameters={},
    )


def refreshed(ours: OAuth2Client, provider: ScriptedProvider) -> dict[str, str]:
    """Return the form of a refresh."""
    assert isinstance(ours.refresh(refresh_token=Secret("r")), Granted)
    return provider.forms("/token")[-1]


def test_the_client_id_goes_by_the_services_name_for_it(provider: ScriptedProvider) -> None:
    facts = {"client_id_parameter": "client_key", "client_auth": "client_secret_post"}
    ours = client(provider, {}, **facts)
    url = ours.authorization_url(
        redirect_uri="https://us.example/cb", scopes=[], state="s", code_verifier=None
    )
    asked, form = parse_qs(urlsplit(url).query), refreshed(ours, provider)
    assert (asked["client_key"], form["client_key"]) == (["app"], "app")
    assert "client_id" not in asked | form


RENAMED = {
    "client_id_parameter": "appid",
    "token_parameter_names": {"client_secret": "secret", "refresh_token": "refreshToken"},
    "client_auth": "client_secret_post",
}


def test_a_token_request_goes_by_the_services_names(provider: ScriptedProvider) -> None:
    form = refreshed(client(provider, {}, **RENAMED), provider)
    grant = {"grant_type": "refresh_token", "refreshToken": "r"}
    assert form == grant | {"appid": "app", "secret": "s3cret"}


def test_what_is_further_sent_takes_no_name_of_these(provider: ScriptedProvider) -> None:
    further = {"secret": "other", "refreshToken": "x", "lang": "en"}
    form = refreshed(replace(client(provider, {}, **RENAMED), token_parameters=further), provider)
    assert (form["secret"], form["refreshToken"], form["lang"]) == ("s3cret", "r", "en")


def test_the_redirect_address_has_its_name_on_both_ways(provider: ScriptedProvider) -> None:
    ours = client(provider, {}, token_parameter_names={"redirect_uri": "redirect_url"})
    url = ours.authorization_url(redirect_uri=BACK, scopes=[], state="s", code_verifier=None)
    ours.exchange_code(code=Secret("c"), redirect_uri=BACK, code_verifier=None)
    sent = provider.forms("/token")[-1]
    asked = dict(parse_qsl(urlsplit(url).query))
    assert (asked["redirect_url"], sent["redirect_url"]) == (BACK, BACK)
    assert "redirect_uri" not in asked | sent


def test_what_an_auth_config_repeats_is_not_sent_twice(provider: ScriptedProvider) -> None:
    ours = replace(
        client(provider, {}, client_id_parameter="client_key"),
        authorization_parameters={"client_key": "app", "prompt": "consent"},
    )
    url = ours.authorization_url(
        redirect_uri="https://us.example/cb", scopes=[], state="s", code_verifier=None
    )
    asked = parse_qs(urlsplit(url).query)
    assert (asked["client_key"], asked["prompt"]) == (["app"], ["consent"])


def test_the_secret_may_stand_where_a_user_has_a_name(provider: ScriptedProvider) -> None:
    ours = client(provider, {}, client_auth="client_secret_as_username")
    form = refreshed(ours, provider)
    pair = base64.b64encode(b"s3cret:").decode()
    assert provider.heads[-1]["Authorization"] == f"Basic {pair}"
    assert form == {"grant_type": "refresh_token", "refresh_token": "r"}


def test_a_token_request_may_name_what_the_account_brought(provider: ScriptedProvider) -> None:
    device = {"label": "D", "pattern": "[a-z0-9]+", "source": "redirect", "path": "device_id"}
    facts = {"connection_parameters": {"device": device}, "token_parameters": {"on": "{device}"}}
    assert refreshed(client(provider, {"device": "d7"}, **facts), provider)["on"] == "d7"
