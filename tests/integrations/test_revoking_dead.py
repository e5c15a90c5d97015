"""A revocation's answer that is about the token: the grant is dead already, or may live on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django.fixtures import Settings

from integrations.catalog import Revocation
from integrations.schemes import OAuth2Client, Refused, TokenSet
from integrations.secrets import Secret
from tests.other_toolkits import toolkit_with
from tests.provider import Answer, ScriptedProvider

ALONE = TokenSet(access_token=Secret("canary-access"))
BOTH = TokenSet(access_token=Secret("canary-access"), refresh_token=Secret("canary-refresh"))
DEAD = Answer(status=400, json={"error": "invalid_token"})


@pytest.fixture
def provider(settings: Settings) -> Iterator[ScriptedProvider]:
    settings.OUTBOUND_ALLOW_LOOPBACK = True
    with ScriptedProvider().serving() as serving:
        yield serving


def ask(
    provider: ScriptedProvider, answer: Answer, tokens: TokenSet, **call: object
) -> Refused | None:
    """Revoke ``tokens`` by RFC 7009, or by a ``call`` of the service's own."""
    provider.answer("/end", answer)
    url = f"{provider.url}/end"
    described = Revocation.model_validate({"url": url, **call}) if call else None
    toolkit = toolkit_with(authorization_url="{base_url}/a", token_url="{base_url}/t")
    client = OAuth2Client(
        toolkit=toolkit.model_copy(
            update={"revocation": described, "revocation_url": None if call else url}
        ),
        client_id="c",
        client_secret=Secret("s"),
        authorization_parameters={},
        token_parameters={},
    )
    return client.revoke(tokens=tokens)


@pytest.mark.parametrize("tokens", [ALONE, BOTH])
def test_a_token_that_is_none_any_more_is_what_was_asked_for(
    provider: ScriptedProvider, tokens: TokenSet
) -> None:
    assert ask(provider, DEAD, tokens) is None


def test_an_access_token_that_is_none_any_more_ends_a_grant_that_has_no_other(
    provider: ScriptedProvider,
) -> None:
    assert ask(provider, DEAD, ALONE, auth="token") is None


def test_a_grant_outlives_its_access_token(provider: ScriptedProvider) -> None:
    refused = ask(provider, DEAD, BOTH, auth="token")
    assert refused is not None
    assert refused.token_doubted


@pytest.mark.parametrize("status", [429, 500, 503, 302])
def test_an_outage_says_nothing_of_the_token(provider: ScriptedProvider, status: int) -> None:
    refused = ask(provider, Answer(status=status, json={"error": "invalid_token"}), BOTH)
    assert refused is not None
    assert not refused.token_doubted


@pytest.mark.parametrize(
    "answer",
    [
        Answer(status=400, json={"message": "Invalid token"}),
        Answer(status=400, raw=b""),
        Answer(status=404, raw=b"<html>"),
    ],
)
def test_words_of_its_own_leave_it_in_doubt(provider: ScriptedProvider, answer: Answer) -> None:
    refused = ask(provider, answer, BOTH, auth="client", parameters={"t": "{refresh_token}"})
    assert refused is not None
    assert refused.token_doubted


def test_a_client_that_is_refused_says_nothing_of_the_token(provider: ScriptedProvider) -> None:
    refused = ask(provider, Answer(status=401, json={"error": "invalid_token"}), BOTH)
    assert refused is not None
    assert (refused.client_refused, refused.token_doubted) == (True, False)
