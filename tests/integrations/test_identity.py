"""Whose account a token opens, asked at a real HTTP server."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from integrations.catalog import Application, Identity
from integrations.outbound import ConnectFailed, PreparedCall, Response, use_transport
from integrations.schemes import IdentityUnavailable, ProbeRejected, UpstreamIdentity
from integrations.secrets import Secret
from tests.asking import ask_identity
from tests.provider import USERINFO_PATH, Answer, ScriptedProvider

TOKEN = Secret("canary-access")


@pytest.fixture
def provider(settings: Settings) -> Iterator[ScriptedProvider]:
    settings.OUTBOUND_ALLOW_LOOPBACK = True
    with ScriptedProvider().serving() as serving:
        yield serving


def call_to(url: str = "https://provider.example/me", **facts: Any) -> Identity:
    return Identity.model_validate({"url": url, "id_path": "sub"} | facts)


def ask(provider: ScriptedProvider, answer: Answer, **changes: Any) -> UpstreamIdentity:
    provider.answer(USERINFO_PATH, answer)
    facts = {"label_paths": ["email", "name"]} | changes
    call = call_to(f"{provider.url}{USERINFO_PATH}", **facts)
    return ask_identity(TOKEN, call)


def test_the_call_carries_the_token_as_bearer() -> None:
    seen: list[PreparedCall] = []

    def transport(call: PreparedCall) -> Response:
        seen.append(call)
        return Response(status=200, headers={}, body=b'{"sub": "7"}', elapsed=0)

    with use_transport(transport):
        ask_identity(TOKEN, call_to("https://p.example/me"))
    [call] = seen
    assert (call.method, call.target.host, call.target.path) == ("GET", "p.example", "/me")
    assert call.headers["Authorization"] == "Bearer canary-access"
    assert call.body is None


def test_nobody_is_asked_with_an_access_token_that_was_left_out(
    provider: ScriptedProvider,
) -> None:
    provider.answer(USERINFO_PATH, Answer(status=401, json={"error": "invalid_token"}))
    with pytest.raises(IdentityUnavailable) as caught:
        ask_identity(Secret(""), call_to(f"{provider.url}{USERINFO_PATH}"))
    assert caught.value.code == "no_access_token"
    assert provider.calls == []


def test_a_toolkit_may_ask_in_its_own_way() -> None:
    seen: list[PreparedCall] = []

    def transport(call: PreparedCall) -> Response:
        seen.append(call)
        return Response(status=200, headers={}, body=b'{"sub": "7"}', elapsed=0)

    call = call_to(
        method="POST",
        headers={"Notion-Version": "1"},
        body={"query": "{ me }"},
    )
    apply = Application(headers={"X-Shop-Token": "{access_token}"})
    with use_transport(transport):
        ask_identity(TOKEN, call, apply)
    [sent] = seen
    assert (sent.method, sent.body) == ("POST", b'{"query":"{ me }"}')
    assert sent.headers["X-Shop-Token"] == "canary-access"
    assert sent.headers["Notion-Version"] == "1"
    assert "Authorization" not in sent.headers


def test_the_id_and_the_first_label_with_text_are_taken(provider: ScriptedProvider) -> None:
    found = ask(provider, Answer(json={"sub": "7", "email": "", "name": "Alice"}))
    assert found == UpstreamIdentity(id="7", label="Alice")


def test_a_number_may_be_an_id_and_labels_may_be_nested(provider: ScriptedProvider) -> None:
    answer = Answer(json={"data": {"id": 12345, "user": {"mail": "a@example.com"}}})
    found = ask(provider, answer, id_path="data.id", label_paths=["data.user.mail"])
    assert found == UpstreamIdentity(id="12345", label="a@example.com")


def test_an_id_may_be_of_several_parts_and_all_must_be_there(provider: ScriptedProvider) -> None:
    paths = {"id_path": ["team", "user"]}
    assert ask(provider, Answer(json={"team": "T1", "user": 2}), **paths).id == "T1/2"
    with pytest.raises(IdentityUnavailable):
        ask(provider, Answer(json={"team": "T1"}), **paths)


def test_the_id_may_stand_in_a_list(provider: ScriptedProvider) -> None:
    assert ask(provider, Answer(json=[{"id": "a"}, {"id": "b"}]), id_path="1.id").id == "b"


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
        ask(provider, Answer(status=401, json={"error": "invalid_token"}))
    assert (caught.value.http_status, caught.value.error_code) == (401, "invalid_token")


@pytest.mark.parametrize("raw", [b"", b"<html>Sign in</html>", b'{"error": "canary-access"}'])
def test_a_401_means_it_whatever_the_body(provider: ScriptedProvider, raw: bytes) -> None:
    with pytest.raises(ProbeRejected) as caught:
        ask(provider, Answer(status=401, raw=raw))
    assert caught.value.error_code == ""
    assert "canary" not in repr(caught.value)


def test_a_code_that_repeats_the_token_is_not_kept_from_an_outage_either(
    provider: ScriptedProvider,
) -> None:
    with pytest.raises(IdentityUnavailable) as caught:
        ask(provider, Answer(status=403, json={"error": "canary-access"}))
    assert caught.value.code == "http_403"


DEAD = {"dead": [{"status": [200, 403], "error": "token_revoked"}]}


@pytest.mark.parametrize("status", [200, 403])
def test_a_toolkit_may_name_other_dead_answers(provider: ScriptedProvider, status: int) -> None:
    with pytest.raises(ProbeRejected) as caught:
        ask(provider, Answer(status=status, json={"sub": "7", "error": "token_revoked"}), **DEAD)
    assert (caught.value.http_status, caught.value.error_code) == (status, "token_revoked")


def test_another_code_with_that_status_is_no_dead_token(provider: ScriptedProvider) -> None:
    with pytest.raises(IdentityUnavailable) as caught:
        ask(provider, Answer(status=403, json={"error": "missing_scope"}), **DEAD)
    assert (caught.value.code, caught.value.http_status) == ("missing_scope", 403)


def test_a_number_that_no_field_names_is_no_code(provider: ScriptedProvider) -> None:
    with pytest.raises(IdentityUnavailable) as caught:
        ask(provider, Answer(status=403, json=[190]), error_path="0")
    assert caught.value.code == "http_403"


def test_what_is_not_dead_comes_before_what_is(provider: ScriptedProvider) -> None:
    rules = {"not_dead": [{"status": 401, "error": "missing_scope"}]}
    with pytest.raises(IdentityUnavailable):
        ask(provider, Answer(status=401, json={"error": "missing_scope"}), **rules)
    with pytest.raises(ProbeRejected):
        ask(provider, Answer(status=401, json={"error": "invalid_token"}), **rules)


def test_a_refusal_may_prove_a_token_and_tell_nobodys_name(provider: ScriptedProvider) -> None:
    rules = {"alive": [{"status": [401, 403], "error": "restricted_key"}]}
    for status in (401, 403):
        found = ask(provider, Answer(status=status, json={"error": "restricted_key"}), **rules)
        assert found == UpstreamIdentity(id="", label="")
    with pytest.raises(ProbeRejected):
        ask(provider, Answer(status=401, json={"error": "invalid_key"}), **rules)
    for status in (404, 429, 500):
        with pytest.raises(IdentityUnavailable):
            ask(provider, Answer(status=status, json={"error": "restricted_key"}), **rules)


@pytest.mark.parametrize("status", [408, 425, 429, 500, 503])
def test_an_outage_kills_no_token_whatever_its_body_claims(
    provider: ScriptedProvider, status: int
) -> None:
    rules = {"dead": [{"error": "token_revoked"}]}
    with pytest.raises(IdentityUnavailable):
        ask(provider, Answer(status=status, json={"error": "token_revoked"}), **rules)


def test_a_success_that_says_it_failed_proves_nothing(provider: ScriptedProvider) -> None:
    with pytest.raises(IdentityUnavailable):
        ask(provider, Answer(json={"sub": "7", "ok": False}), failed_if={"ok": False})
    with pytest.raises(IdentityUnavailable):
        ask(provider, Answer(json={"sub": "7", "error": "server_error"}))


def test_when_to_ask_again_is_told(provider: ScriptedProvider) -> None:
    with pytest.raises(IdentityUnavailable) as caught:
        ask(provider, Answer(status=429, json={}, headers={"Retry-After": "30"}))
    assert (caught.value.http_status, caught.value.retry_after) == (429, 30)


def test_a_date_to_ask_again_is_relative_to_now_where_the_answer_has_none() -> None:
    def busy(_: PreparedCall) -> Response:
        wanted = {"Retry-After": "Wed, 21 Oct 2026 07:28:30 GMT"}
        return Response(status=429, headers=wanted, body=b"", elapsed=0)

    call = call_to()
    now = datetime(2026, 10, 21, 7, 28, tzinfo=UTC)
    with use_transport(busy), pytest.raises(IdentityUnavailable) as caught:
        ask_identity(TOKEN, call, now=now)
    assert caught.value.retry_after == 30


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

    call = call_to()
    with use_transport(away), pytest.raises(IdentityUnavailable) as caught:
        ask_identity(TOKEN, call)
    assert (caught.value.code, caught.value.http_status) == ("dns_failed", None)
