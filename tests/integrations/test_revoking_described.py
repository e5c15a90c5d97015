"""A grant that is ended by a call of the toolkit's own: who asks, and what the account brought."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest
from pytest_django.fixtures import Settings

from integrations.catalog import Toolkit
from integrations.schemes import OAuth2Client, RefusalKind, TokenSet
from integrations.secrets import Secret
from tests.other_toolkits import toolkit_with
from tests.provider import Answer, ScriptedProvider

TOKENS = TokenSet(access_token=Secret("canary-access"))


@pytest.fixture
def provider(settings: Settings) -> Iterator[ScriptedProvider]:
    settings.OUTBOUND_ALLOW_LOOPBACK = True
    with ScriptedProvider().serving() as serving:
        serving.answer("/end", Answer(json={"ended": True}))
        yield serving


@pytest.fixture
def toolkit(provider: ScriptedProvider) -> Toolkit:
    """Return a service that ends grants by the account's id, for who has the client's secret."""
    kit = toolkit_with(
        authorization_url="{base_url}/authorize",
        token_url="{base_url}/token",
        connection_parameters={
            "account": {
                "label": "Account",
                "pattern": "acct_[a-z0-9]+",
                "source": "token_response",
                "path": "user",
            }
        },
        revocation={
            "url": "{base_url}/end",
            "auth": "client_secret",
            "parameters": {"client": "{client_id}", "user": "{account}"},
        },
    )
    return kit.with_parameters({"base_url": provider.url})


def client(toolkit: Toolkit) -> OAuth2Client:
    return OAuth2Client(
        toolkit=toolkit,
        client_id="ca_1",
        client_secret=Secret("sk_live"),
        authorization_parameters={},
        token_parameters={},
    )


def test_the_secret_says_who_asks_and_the_account_whose_grant(
    toolkit: Toolkit, provider: ScriptedProvider
) -> None:
    ours = client(toolkit.with_connection({"account": "acct_7"}))
    assert ours.revoke(tokens=TOKENS) is None
    assert provider.forms("/end") == [{"client": "ca_1", "user": "acct_7"}]
    pair = base64.b64encode(b"sk_live:").decode()
    assert provider.heads[-1]["Authorization"] == f"Basic {pair}"


def test_an_account_that_never_brought_it_cannot_be_ended(
    toolkit: Toolkit, provider: ScriptedProvider
) -> None:
    refused = client(toolkit.with_connection({})).revoke(tokens=TOKENS)
    assert refused is not None
    assert (refused.kind, refused.error_code) == (RefusalKind.TERMINAL, "revocation_unsupported")
    assert provider.calls == []
