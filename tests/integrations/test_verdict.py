"""What an answer means: only a confirmed terminal one kills a grant (faults.md 13-17, 36)."""

from typing import Any

import pytest

from integrations.outbound import (
    AddressRefused,
    ConnectFailed,
    DeadlineExceeded,
    OutboundError,
    ResponseInterrupted,
    ResponseTooLarge,
)
from integrations.schemes import Granted, RefusalKind, Refused
from integrations.schemes.verdict import judge_failure, without_echo
from integrations.secrets import Secret
from tests.integrations.judging import GRANTED, judge, judge_refresh, refusal, ruled


@pytest.mark.parametrize("status", [200, 201])
def test_tokens_are_a_grant(status: int) -> None:
    verdict = judge(status, GRANTED | {"error": None})
    assert isinstance(verdict, Granted)
    assert verdict.tokens.access_token == Secret("access")
    assert verdict.http_status == status


@pytest.mark.parametrize("status", [400, 401, 403, 200])
def test_invalid_grant_is_terminal_also_with_200(status: int) -> None:
    verdict = refusal(status, {"error": "invalid_grant", "error_description": "revoked"})
    assert (verdict.kind, verdict.reason) == (RefusalKind.TERMINAL, "grant_revoked")
    assert (verdict.error_code, verdict.http_status) == ("invalid_grant", status)


@pytest.mark.parametrize("code", ["invalid_client", "unauthorized_client", "invalid_scope"])
@pytest.mark.parametrize("status", [400, 401, 200])
def test_a_refused_client_is_the_auth_configs_fault(status: int, code: str) -> None:
    verdict = refusal(status, {"error": code})
    assert (verdict.kind, verdict.error_code) == (RefusalKind.CONFIGURATION, code)


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 520, 522, 524, 599])
@pytest.mark.parametrize("code", ["invalid_grant", "invalid_client"])
def test_an_outage_is_transient_whatever_its_body_claims(status: int, code: str) -> None:
    verdict = refusal(status, {"error": code})
    assert verdict.kind is RefusalKind.TRANSIENT
    assert verdict.http_status == status
    assert verdict.outcome_unknown is (status in {502, 504, 520, 524}), "the gateway does not know"


@pytest.mark.parametrize(
    "code", ["temporarily_unavailable", "server_error", "slow_down", "new_one"]
)
@pytest.mark.parametrize("status", [400, 200])
def test_a_code_that_no_rule_knows_is_transient(status: int, code: str) -> None:
    verdict = refusal(status, {"error": code})
    assert (verdict.kind, verdict.error_code) == (RefusalKind.TRANSIENT, code)


@pytest.mark.parametrize("status", [302, 400, 401, 403, 404, 418])
def test_a_refusal_without_a_code_is_transient_and_named_by_its_status(status: int) -> None:
    verdict = refusal(status, {})
    assert (verdict.kind, verdict.error_code) == (RefusalKind.TRANSIENT, f"http_{status}")


@pytest.mark.parametrize(
    "body", [b"<html>invalid_grant</html>", b"", b"{", b"null", b'"text"', b"[]"]
)
@pytest.mark.parametrize(
    ("status", "doubt"),
    [(400, False), (403, False), (500, False), (503, False), (200, True), (502, True), (504, True)],
)
def test_html_and_broken_json_are_transient(status: int, doubt: bool, body: bytes) -> None:
    verdict = refusal(status, body)
    assert (verdict.kind, verdict.error_code) == (RefusalKind.TRANSIENT, "malformed_response")
    assert verdict.outcome_unknown is doubt, "a 200 or a gateway's answer: it may be spent"


@pytest.mark.parametrize(
    "spoiled",
    [
        {"access_token": "a\r\nX: 1"},
        {"access_token": ""},
        {"refresh_token": "a\x00"},
        {"token_type": "mac"},
    ],
)
def test_tokens_that_cannot_be_used_leave_the_outcome_in_doubt(spoiled: dict[str, str]) -> None:
    verdict = refusal(200, GRANTED | spoiled)
    assert (verdict.kind, verdict.error_code) == (RefusalKind.TRANSIENT, "malformed_token")
    assert verdict.outcome_unknown


@pytest.mark.parametrize(
    ("spoiled", "usable"),
    [
        ({"access_token": "a\r\nX: 1"}, False),
        ({"access_token": ""}, False),
        ({"token_type": "mac"}, False),
        ({"token_type": None}, True),
        ({"id_token": {}}, True),
        ({"error": "partial"}, True),
    ],
)
def test_a_refresh_token_is_kept_whatever_is_wrong_beside_it(
    spoiled: dict[str, Any], usable: bool
) -> None:
    verdict = judge_refresh(GRANTED | spoiled)
    assert isinstance(verdict, Granted)
    assert verdict.tokens.refresh_token == Secret("refresh")
    assert (verdict.tokens.access_token == Secret("access")) is usable


WHOLE = b'{"access_token": "access", "refresh_token": "refresh", "name": %s}'


@pytest.mark.parametrize("value", [b'"Jos\xe9"', b'"a\nb"', b"9" * 5000])
def test_a_refresh_token_is_kept_beside_what_is_not_quite_json(value: bytes) -> None:
    verdict = judge_refresh(WHOLE % value)
    assert isinstance(verdict, Granted)
    assert verdict.tokens.access_token == Secret("access")
    assert refusal(200, WHOLE % value).error_code == "malformed_response", "a code's exchange"


def test_a_token_that_is_not_quite_text_is_not_guessed() -> None:
    verdict = judge_refresh(b'{"access_token": "access", "refresh_token": "r\xe9"}')
    assert isinstance(verdict, Refused)
    assert (verdict.error_code, verdict.outcome_unknown) == ("malformed_token", True)


@pytest.mark.parametrize("code", ["invalid_grant", "invalid_client"])
def test_an_error_that_a_rule_knows_is_believed_beside_tokens(code: str) -> None:
    assert isinstance(judge_refresh(GRANTED | {"error": code}), Refused)


@pytest.mark.parametrize("spoiled", [{"refresh_token": ""}, {"access_token": ""}])
def test_an_error_is_believed_beside_half_of_the_tokens(spoiled: dict[str, str]) -> None:
    assert isinstance(judge_refresh(GRANTED | {"error": "partial"} | spoiled), Refused)


@pytest.mark.parametrize("status", [302, 400, 503])
def test_tokens_in_a_refusal_of_http_are_none(status: int) -> None:
    assert isinstance(judge_refresh(GRANTED, status=status), Refused)


@pytest.mark.parametrize("status", [301, 302, 307])
@pytest.mark.parametrize("code", ["invalid_grant", "invalid_client"])
def test_a_redirect_is_transient_whatever_its_body_claims(status: int, code: str) -> None:
    assert refusal(status, {"error": code}).kind is RefusalKind.TRANSIENT


@pytest.mark.parametrize("status", [429, 503, 400])
def test_retry_after_is_handed_on(status: int) -> None:
    assert refusal(status, {"error": "slow_down"}, Retry_After="30").retry_after == 30


@pytest.mark.parametrize(
    ("failure", "code", "doubt"),
    [
        (ConnectFailed(code="dns_failed"), "dns_failed", False),
        (ConnectFailed(code="tls_failed"), "tls_failed", False),
        (AddressRefused(), "address_refused", False),
        (DeadlineExceeded(), "deadline_exceeded", False),
        (DeadlineExceeded(outcome_unknown=True), "deadline_exceeded", True),
        (ResponseInterrupted(), "response_interrupted", True),
        (ResponseTooLarge(), "response_too_large", True),
    ],
)
def test_a_call_without_an_answer_is_transient(
    failure: OutboundError, code: str, doubt: bool
) -> None:
    verdict = judge_failure(failure)
    assert (verdict.kind, verdict.error_code) == (RefusalKind.TRANSIENT, code)
    assert verdict.outcome_unknown is doubt


@pytest.mark.parametrize(
    "code",
    [
        "invalid_grant",
        "invalidGrant",
        "InvalidGrant",
        "INVALID_SESSION_ID",
        "AADSTS70008",
        "interaction_required",
        "errors.com.epicgames.account.oauth",
        "access-denied",
        "E1003",
        "oauth2:bad_token",
    ],
)
def test_codes_as_providers_write_them_are_kept(code: str) -> None:
    assert refusal(400, {"error": code}).error_code == code


@pytest.mark.parametrize(
    "code",
    [
        "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
        "ya29.a0AfH6SMBx7z9Qk",
        "1//0gLu8kZ5Qm3",
        "xoxb-17653672481-aBcDeFgHiJk",
        "4eC39HqLyjWDarjtT1zdp7dc",
        "9f86d081884c7d659a2feaa0c55ad015",
        "abcdefghijklmnopqrstuvwxyzabcdef",
        "The token ghp is not valid",
        "<script>",
        "a" * 65,
        "\u00e9rror",
        "bad\ncode",
        "",
        None,
        {"code": "invalid_grant"},
        ["invalid_grant"],
    ],
)
def test_what_may_be_a_token_or_prose_is_not_kept(code: object) -> None:
    verdict = refusal(400, {"error": code})
    assert (verdict.kind, verdict.error_code) == (RefusalKind.TRANSIENT, "http_400")


LONG_CODE = f"{'a' * 24}_{'b' * 24}_{'c' * 13}"  # no room for more


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"e": {"code": 190}}, "code.190"),
        ({"e": {"code": "190"}}, "code.190"),
        ({"e": {"code": 190}, "sub": 463}, "code.190.463"),
        ({"e": {"code": "denied"}, "sub": 463}, "denied.463"),
        ({"e": {"code": "denied"}, "sub": "worse"}, "denied.worse"),
        ({"e": {"code": "denied"}, "sub": "denied"}, "denied"),
        ({"e": {"code": "denied"}, "sub": "No good!"}, "denied"),
        ({"e": {"code": "denied"}, "sub": True}, "denied"),
        ({"e": {"code": "Not a code"}, "sub": "worse"}, "worse"),
        ({"e": {"code": True}, "sub": 463}, "http_400"),
        ({"e": {"code": -190}}, "http_400"),
        ({"e": {"code": 123456789}}, "http_400"),
        ({"e": {"code": 1.5}}, "http_400"),
        ({"e": {"code": "a" * 60}}, "http_400"),
        ({"e": {"code": LONG_CODE}, "sub": 463}, LONG_CODE),
    ],
)
def test_numbers_are_named_and_what_decided_follows(body: dict[str, Any], code: str) -> None:
    values = [463, "worse", "denied", "No good!", True]
    kit = ruled(error_path="e.code", terminal=[{"fields": {"sub": values}}])
    assert refusal(400, body, kit).error_code == code


def test_a_description_is_never_kept() -> None:
    body = {"error": "server_error", "error_description": "canary", "error_uri": "canary"}
    assert "canary" not in repr(refusal(400, body))


def test_a_code_that_repeats_what_was_sent_is_not_kept() -> None:
    verdict = refusal(400, {"error": "refresh-one"})
    cleaned = without_echo(verdict, ["", "refresh-one"])
    assert isinstance(cleaned, Refused)
    assert cleaned.error_code == "http_400"
    assert without_echo(verdict, ["refresh-two", ""]) == verdict


def test_a_verdict_does_not_show_tokens() -> None:
    assert "access" not in repr(judge(200, GRANTED)).replace("access_token", "")
