"""Every switch of the sandbox provider, seen by a real HTTP client."""

from __future__ import annotations

import hashlib
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.integrations.sandbox.oauth_client import CUT, OAuthClient
from tests.sandbox_process import SandboxProcess

DEFAULTS = {
    "rotation": "strict",
    "grace_seconds": 30,
    "access_token_seconds": 60,
    "refresh_token_seconds": None,
    "omit_refresh_token": False,
    "omit_expires_in": False,
    "delay_ms": 0,
    "fail_status": None,
    "retry_after": None,
    "error": None,
    "garbage": None,
    "commit_first": False,
    "commit_then_cut": False,
    "endpoints": ["token"],
    "fault_calls": None,
}


def patch(sandbox: SandboxProcess, body: object, **headers: str) -> requests.Response:
    """PATCH the switches without checking the answer."""
    url = f"{sandbox.url}/sandbox/switches"
    return requests.patch(url, json=body, headers=headers, timeout=30)


def test_the_switches_start_at_their_defaults(sandbox: SandboxProcess) -> None:
    assert requests.get(f"{sandbox.url}/sandbox/switches", timeout=30).json() == DEFAULTS


def test_a_switch_stays_until_it_is_reset(sandbox: SandboxProcess) -> None:
    sandbox.switches(delay_ms=5)
    assert sandbox.switches(rotation="grace")["delay_ms"] == 5
    assert sandbox.reset() == DEFAULTS


def test_an_unknown_switch_is_refused_with_the_list_of_all(sandbox: SandboxProcess) -> None:
    answer = patch(sandbox, {"rotatoin": "grace"})
    assert answer.status_code == 400
    assert set(answer.json()["allowed"]) == set(DEFAULTS)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("rotation", "sometimes"),
        ("grace_seconds", -1),
        ("access_token_seconds", 0),
        ("access_token_seconds", True),
        ("refresh_token_seconds", "60"),
        ("omit_expires_in", 1),
        ("fail_status", 200),
        ("retry_after", "a\r\nb"),
        ("error", "no_such_error"),
        ("garbage", "xml"),
        ("endpoints", ["everything"]),
        ("endpoints", [[]]),
        ("fault_calls", -1),
    ],
)
def test_a_bad_value_is_refused_and_changes_nothing(
    sandbox: SandboxProcess, name: str, value: object
) -> None:
    answer = patch(sandbox, {"delay_ms": 7, name: value})
    assert answer.status_code == 400
    assert list(answer.json()["allowed"]) == [name]
    assert sandbox.switches() == DEFAULTS


def test_a_body_that_is_no_object_is_refused(sandbox: SandboxProcess) -> None:
    assert patch(sandbox, ["rotation"]).status_code == 400


def test_a_web_page_cannot_turn_switches(sandbox: SandboxProcess) -> None:
    assert patch(sandbox, {"delay_ms": 7}, Origin="http://evil.example").status_code == 403
    assert sandbox.switches() == DEFAULTS


def test_fail_status_answers_without_doing_the_work(client: OAuthClient) -> None:
    tokens = client.connect()
    client.sandbox.switches(fail_status=503, retry_after=17)
    answer = client.refresh(tokens["refresh_token"])
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "17")
    client.sandbox.reset()
    assert client.refresh(tokens["refresh_token"]).ok


def test_commit_first_does_the_work_and_fails_afterwards(client: OAuthClient) -> None:
    tokens = client.connect()
    client.sandbox.switches(fail_status=502, commit_first=True)
    assert client.refresh(tokens["refresh_token"]).status_code == 502
    call = client.sandbox.calls()[-1]
    assert (call["outcome"], call["fault"]) == ("issued", "fail_status:502")
    client.sandbox.reset()
    assert client.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    ("error", "status"), [("invalid_client", 401), ("invalid_scope", 400), ("invalid_grant", 400)]
)
def test_error_answers_the_code_and_does_no_work(
    client: OAuthClient, error: str, status: int
) -> None:
    tokens = client.connect()
    client.sandbox.switches(error=error)
    answer = client.refresh(tokens["refresh_token"])
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert client.sandbox.calls()[-1]["outcome"] == "not_performed"
    assert client.works(tokens)


def test_garbage_html_is_a_page_with_status_200(client: OAuthClient) -> None:
    tokens = client.connect()
    client.sandbox.switches(garbage="html")
    answer = client.refresh(tokens["refresh_token"])
    assert (answer.status_code, answer.headers["Content-Type"][:9]) == (200, "text/html")
    assert answer.text.startswith("<!doctype html>")


def test_garbage_empty_is_an_empty_body(client: OAuthClient) -> None:
    tokens = client.connect()
    client.sandbox.switches(garbage="empty")
    answer = client.refresh(tokens["refresh_token"])
    assert (answer.status_code, answer.content) == (200, b"")


def test_garbage_error_in_200_is_an_error_body_with_status_200(client: OAuthClient) -> None:
    tokens = client.connect()
    client.sandbox.switches(garbage="error_in_200")
    answer = client.refresh(tokens["refresh_token"])
    assert (answer.status_code, answer.json()["error"]) == (200, "invalid_grant")
    assert client.works(tokens)


def test_garbage_truncated_is_half_an_answer_to_a_refresh_that_happened(
    client: OAuthClient,
) -> None:
    tokens = client.connect()
    client.sandbox.switches(garbage="truncated")
    answer = client.refresh(tokens["refresh_token"])
    assert answer.status_code == 200
    assert answer.text.startswith("{")
    with pytest.raises(requests.JSONDecodeError):
        answer.json()
    assert client.sandbox.calls()[-1]["outcome"] == "issued"


def test_commit_then_cut_breaks_the_connection_after_the_rotation(client: OAuthClient) -> None:
    tokens = client.connect()
    client.sandbox.switches(commit_then_cut=True)
    with pytest.raises(CUT):
        client.refresh(tokens["refresh_token"])
    call = client.sandbox.calls()[-1]
    assert (call["outcome"], call["fault"]) == ("issued", "cut")
    client.sandbox.reset()
    assert client.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"


def test_a_delayed_call_is_listed_while_its_answer_is_held_back(client: OAuthClient) -> None:
    tokens = client.connect()
    client.sandbox.switches(delay_ms=1500)
    since = client.sandbox.calls()[-1]["id"]
    with ThreadPoolExecutor(1) as pool:
        started = time.monotonic()
        waiting = pool.submit(client.refresh, tokens["refresh_token"])
        while not client.sandbox.calls(since):
            assert not waiting.done()
        assert not waiting.done()
        assert waiting.result().ok
        assert time.monotonic() - started >= 1.5


def test_faults_strike_only_the_chosen_endpoints(client: OAuthClient) -> None:
    tokens = client.connect()
    client.sandbox.switches(fail_status=500, endpoints=["userinfo", "revoke"])
    assert client.userinfo(tokens["access_token"]).status_code == 500
    assert client.revoke(tokens["access_token"]).status_code == 500
    assert client.refresh(tokens["refresh_token"]).ok
    client.sandbox.reset()
    assert client.works(tokens)


def test_fault_calls_counts_the_faults_down(client: OAuthClient) -> None:
    tokens = client.connect()
    client.sandbox.switches(fail_status=500, fault_calls=2)
    statuses = [client.refresh(tokens["refresh_token"]).status_code for _ in range(3)]
    assert statuses == [500, 500, 200]
    assert client.sandbox.switches()["fault_calls"] == 0


def test_omit_expires_in_leaves_it_out_everywhere(client: OAuthClient) -> None:
    client.sandbox.switches(omit_expires_in=True)
    tokens = client.connect()
    assert "expires_in" not in tokens
    assert "expires_in" not in client.refresh(tokens["refresh_token"]).json()


def test_calls_name_tokens_by_digest_and_can_be_forgotten(client: OAuthClient) -> None:
    tokens = client.connect()
    client.refresh(tokens["refresh_token"])
    call = client.sandbox.calls()[-1]
    digest = hashlib.sha256(tokens["refresh_token"].encode()).hexdigest()
    assert call["refresh_token_digest"] == digest[:16]
    assert (call["endpoint"], call["grant_type"]) == ("token", "refresh_token")
    assert (call["outcome"], call["status"], call["fault"]) == ("issued", 200, None)
    assert requests.delete(f"{client.sandbox.url}/sandbox/calls", timeout=30).status_code == 204
    assert client.sandbox.calls() == []
