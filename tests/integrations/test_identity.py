"""Whose account a token opens, asked at a real HTTP server."""

from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from integrations.catalog import Identity
from integrations.outbound import ConnectFailed, PreparedCall, Response, use_transport
from integrations.schemes import IdentityUnavailable, ProbeRejected, UpstreamIdentity, identify
from integrations.secrets import Secret
from tests.provider import USERINFO_PATH, Answer, ScriptedProvider

TOKEN = Secret("canary-access")


@pytest.fixture
def provider(settings: Settings) -> Iterator[ScriptedProvider]:
    settings.OUTBOUND_ALLOW_LOOPBACK = True
    with ScriptedProvider().serving() as serving:
        yield serving


def ask(provider: ScriptedProvider, answer: Answer, **changes: Any) -> UpstreamIdentity:
    provider.answer(USERINFO_PATH, answer)
    paths = {"id_path": "sub", "label_paths": ["email", "name"]} | changes
    call = Identity(url=f"{provider.url}{USERINFO_PATH}", **paths)
    return identify(access_token=TOKEN, identity=call)


def test_the_call_carries_the_token_as_bearer() -> None:
    seen: list[PreparedCall] = []

    def transport(call: PreparedCall) -> Response:
        seen.append(call)
        return Response(status=200, headers={}, body=b'{"sub": "7"}', elapsed=0)

    with use_transport(transport):
        identify(access_token=TOKEN, identity=Identity(url="https://p.example/me", id_path="sub"))
    [call] = seen
    assert (call.method, call.target.host, call.target.path) == ("GET", "p.example", "/me")
    assert call.headers["Authorization"] == "Bearer canary-access"


def test_the_id_and_the_first_label_with_text_are_taken(provider: ScriptedProvider) -> None:
    found = ask(provider, Answer(json={"sub": "7", "email": "", "name": "Alice"}))
    assert found == UpstreamIdentity(id="7", label="Alice")


def test_a_number_may_be_an_id_and_labels_may_be_nested(provider: ScriptedProvider) -> None:
    answer = Answer(json={"data": {"id": 12345, "user": {"mail": "a@example.com"}}})
    found = ask(provider, answer, id_path="data.id", label_paths=["data.user.mail"])
    assert found == UpstreamIdentity(id="12345", label="a@example.com")


def test_without_a_label_the_id_is_shown(provider: ScriptedProvider) -> None:
    assert ask(provider, Answer(json={"sub": "7"})).label == "7"


@pytest.mark.parametrize(
    "body", [{}, {"sub": ""}, {"sub": None}, {"sub": True}, {"sub": ["7"]}, []]
)
def test_an_answer_without_an_id_is_no_answer(provider: ScriptedProvider, body: Any) -> None:
    with pytest.raises(IdentityUnavailable) as caught:
        ask(provider, Answer(json=body))
    assert caught.value.code == "identity_missing"


@pytest.mark.parametrize("text", ["a\x00b", "ab\ud800"])
def test_what_no_column_takes_is_left_out_of_labels(provider: ScriptedProvider, text: str) -> None:
    assert ask(provider, Answer(json={"sub": "7", "email": text})).label == "ab"


def test_long_texts_are_cut(provider: ScriptedProvider) -> None:
    found = ask(provider, Answer(json={"sub": "7" * 900, "email": "\U0001f511" * 900}))
    assert (len(found.id), len(found.label)) == (255, 255)


def test_a_401_means_that_the_token_is_dead(provider: ScriptedProvider) -> None:
    with pytest.raises(ProbeRejected) as caught:
        ask(provider, Answer(status=401, json={"error": "canary-access"}))
    assert "canary" not in repr(caught.value)


def test_a_toolkit_may_name_other_dead_statuses(provider: ScriptedProvider) -> None:
    with pytest.raises(ProbeRejected):
        ask(provider, Answer(status=403, json={}), dead_statuses=[401, 403])


@pytest.mark.parametrize("status", [302, 403, 404, 429, 500, 503])
def test_any_other_status_is_an_outage(provider: ScriptedProvider, status: int) -> None:
    with pytest.raises(IdentityUnavailable) as caught:
        ask(provider, Answer(status=status, json={"sub": "7"}))
    assert caught.value.code == f"http_{status}"


def test_html_is_no_answer(provider: ScriptedProvider) -> None:
    with pytest.raises(IdentityUnavailable) as caught:
        ask(provider, Answer(raw=b"<html>canary-access</html>"))
    assert caught.value.code == "malformed_body"
    assert "canary" not in repr(caught.value)


def test_a_provider_that_is_away_is_an_outage() -> None:
    def away(_: PreparedCall) -> Response:
        raise ConnectFailed(code="dns_failed")

    call = Identity(url="https://provider.example/me", id_path="sub")
    with use_transport(away), pytest.raises(IdentityUnavailable) as caught:
        identify(access_token=TOKEN, identity=call)
    assert caught.value.code == "dns_failed"
