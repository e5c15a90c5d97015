"""A grant that is ended by a call of the toolkit's own: who asks, and what the account brought."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import replace

import pytest
from pytest_django.fixtures import Settings

from integrations.catalog import Revocation, Toolkit
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
        older_secrets=Secret('["sk_before"]'),
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


def by_standard(toolkit: Toolkit, provider: ScriptedProvider) -> Toolkit:
    changes = {"revocation": None, "revocation_url": f"{provider.url}/end"}
    return toolkit.model_copy(update=changes)


REFUSALS = [
    Answer(status=401, json={"error": "invalid_client"}),
    Answer(status=401, json={"message": "Who is that?"}),
    Answer(status=401, raw=b""),
]


@pytest.mark.parametrize("refusal", REFUSALS)
def test_where_the_client_is_refused_its_secret_of_before_ends_the_grant(
    toolkit: Toolkit, provider: ScriptedProvider, refusal: Answer
) -> None:
    provider.answer("/end", refusal, Answer(json={"ended": True}))
    ours = client(toolkit.with_connection({"account": "acct_7"}))
    assert ours.revoke(tokens=TOKENS) is None
    pair = base64.b64encode(b"sk_before:").decode()
    assert provider.heads[-1]["Authorization"] == f"Basic {pair}"


@pytest.mark.parametrize("refusal", REFUSALS)
def test_so_it_does_by_rfc_7009(
    toolkit: Toolkit, provider: ScriptedProvider, refusal: Answer
) -> None:
    provider.answer("/end", refusal, Answer(json={}))
    assert client(by_standard(toolkit, provider)).revoke(tokens=TOKENS) is None
    assert len(provider.forms("/end")) == 2


def test_so_it_does_where_the_newest_cannot_be_sent(
    toolkit: Toolkit, provider: ScriptedProvider
) -> None:
    ours = client(toolkit.with_connection({"account": "acct_7"}))
    assert replace(ours, client_secret=Secret("pass\u00e9")).revoke(tokens=TOKENS) is None
    assert len(provider.forms("/end")) == 1


@pytest.mark.parametrize("status", [400, 403, 429, 500, 503])
def test_what_is_not_about_the_client_is_not_asked_again_with_another_secret(
    toolkit: Toolkit, provider: ScriptedProvider, status: int
) -> None:
    provider.answer("/end", Answer(status=status, json={"error": "temporarily_unavailable"}))
    assert client(by_standard(toolkit, provider)).revoke(tokens=TOKENS) is not None
    assert len(provider.forms("/end")) == 1


def test_a_token_that_is_refused_says_nothing_of_the_client(
    toolkit: Toolkit, provider: ScriptedProvider
) -> None:
    described = {"url": f"{provider.url}/end", "auth": "token"}
    revocation = Revocation.model_validate(described)
    provider.answer("/end", Answer(status=401, json={"message": "Who is that?"}))
    ours = client(toolkit.model_copy(update={"revocation": revocation}))
    assert ours.revoke(tokens=TOKENS) is not None
    assert len(provider.calls) == 1
