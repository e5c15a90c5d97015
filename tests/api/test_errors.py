"""Every error has the one shape, whoever finds it, and gives nothing away."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import OperationalError
from django.http import HttpRequest
from django.test import Client
from pytest_django.fixtures import Settings

from integrations.errors import EvergrantError
from integrations.models import Project
from tests.api.calling import API, Caller, code_of, error_of, key_of


@pytest.fixture(params=[False, True], ids=["production", "debug"])
def debug(request: pytest.FixtureRequest, settings: Settings) -> bool:
    settings.DEBUG = request.param
    return bool(request.param)


@pytest.mark.parametrize(
    "path", ["/nothing", "/", "", "/auth_configs/", "/connected_accounts/ca_x/nothing", "/docs/x"]
)
@pytest.mark.usefixtures("debug")
def test_an_unknown_path_is_not_found(owner: Caller, path: str) -> None:
    assert code_of(owner("GET", path)) == (404, "not_found")


def test_without_a_database_the_caller_is_told_when_to_try_again(
    owner: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(**_: object) -> None:
        raise OperationalError

    monkeypatch.setattr("connections.refresh.queries.read_account", lost)
    response = owner("GET", "/connected_accounts/ca_x/credentials")
    assert code_of(response) == (503, "database_unavailable")
    assert int(response["Retry-After"]) > 0


@pytest.mark.parametrize("path", ["/api/v2/auth_configs", "/api/", "/api/v1"])
@pytest.mark.django_db
def test_so_is_an_unknown_version(path: str) -> None:
    assert code_of(Client().get(path)) == (404, "not_found")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/auth_configs", {"GET", "POST"}),
        ("PUT", "/connected_accounts/ca_x", {"GET", "DELETE"}),
        ("GET", "/connected_accounts/ca_x/revoke", {"POST"}),
        ("BREW", "/events", {"GET"}),
    ],
)
@pytest.mark.usefixtures("debug")
def test_a_wrong_method_is_not_allowed(
    owner: Caller, method: str, path: str, allowed: set[str]
) -> None:
    response = owner(method, path)
    assert code_of(response) == (405, "method_not_allowed")
    assert set(response["Allow"].split(", ")) == allowed


BODIES = [
    "{",
    "nonsense",
    '{"name": }',
    b"\xff\xfe\x00",
    b"\x80abc",
    "[" * 100_000,
    '{"a":' * 100_000,
    "[]",
    '"text"',
    "7",
    "null",
    "{}",
    "",
    '{"name": 7}',
    '{"name": "\\ud800", "toolkit": "sandbox", "client_id": "x"}',
    '{"name": ' + "9" * 6000 + "}",
]


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
@pytest.mark.usefixtures("debug")
def test_a_malformed_body_is_a_bad_request(owner: Caller, body: str | bytes) -> None:
    assert code_of(owner("POST", "/auth_configs", body)) == (400, "invalid_request")


def test_what_was_sent_is_not_repeated(owner: Caller) -> None:
    canary = {"client_secret": ["canary"], "scopes": "canary", "parameters": {"a": ["canary"]}}
    error = error_of(owner("POST", "/auth_configs", canary))
    assert {found["field"] for found in error["details"]["fields"]} >= {"body.client_secret"}
    assert "canary" not in str(error)


@pytest.mark.usefixtures("debug")
def test_a_giant_body_is_too_large(owner: Caller) -> None:
    body = '{"name": "' + "x" * 1_100_000 + '"}'
    assert code_of(owner("POST", "/auth_configs", body)) == (413, "request_too_large")


def test_a_giant_body_without_a_key_is_not_read(nobody: Caller) -> None:
    assert code_of(nobody("POST", "/auth_configs", "x" * 1_100_000)) == (401, "unauthenticated")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("req-from-the-app_1", True),
        ("short", False),
        ("x" * 65, False),
        ("with blanks in it", False),
        ("line\r\nbreak-in-it", False),
        ("<script>alert(1)</script>", False),
        ("\u00fcmlaut-in-it", False),
    ],
)
def test_a_well_formed_request_id_of_the_caller_is_used(
    owner: Caller, given: str, kept: bool
) -> None:
    response = owner("GET", "/auth_configs/ac_missing", **{"x-request-id": given})
    error = error_of(response)
    assert (error["request_id"] == given) is kept
    assert kept or error["request_id"].startswith("req_")


def test_answers_that_are_no_errors_have_a_request_id_too(owner: Caller) -> None:
    first, second = owner("GET", "/toolkits"), owner("GET", "/toolkits")
    assert first["X-Request-Id"] != second["X-Request-Id"]


def test_a_host_that_is_not_ours_is_a_bad_request(owner: Caller) -> None:
    response = owner("GET", "/toolkits", host="evil.example")
    assert code_of(response) == (400, "invalid_request")


def crash(request: HttpRequest, *args: Any, **kwargs: Any) -> None:
    token = "canary-" + "token"
    raise RuntimeError(token)


@pytest.mark.usefixtures("debug")
def test_a_crash_is_a_generic_answer(owner: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("integrations.api.routes.all_toolkits", lambda: crash(HttpRequest()))
    response = owner("GET", "/toolkits")
    error = error_of(response)
    assert (response.status_code, error["code"], error["details"]) == (500, "internal_error", {})
    assert "canary" not in response.content.decode()


@pytest.mark.parametrize(
    "middleware", ["django.middleware.security.SecurityMiddleware.process_request"]
)
def test_a_crash_before_the_api_has_the_same_shape(
    owner: Caller, monkeypatch: pytest.MonkeyPatch, middleware: str
) -> None:
    monkeypatch.setattr(middleware, lambda _, request: crash(request))
    assert code_of(owner("GET", "/toolkits")) == (500, "internal_error")


def test_a_crash_while_the_key_is_looked_up_has_the_same_shape(
    owner: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("config.api_keys.find_key", crash)
    assert code_of(owner("GET", "/toolkits")) == (500, "internal_error")


def test_a_missing_scope_says_which(project: Project) -> None:
    body = {"name": "x", "toolkit": "sandbox", "client_id": "x"}
    error = error_of(Caller(key_of(project, "read"))("POST", "/auth_configs", body))
    assert (error["code"], error["details"]) == ("insufficient_scope", {"scope": "write"})


def test_every_error_of_ours_has_a_code_a_status_and_a_message() -> None:
    classes = [EvergrantError]
    for kind in classes:
        classes += kind.__subclasses__()
        assert kind.code.replace("_", "").isalpha()
        assert 400 <= kind.status <= 599
        assert kind.__doc__
        assert kind.__doc__.strip().endswith(".")
    assert len(classes) > 20


def test_pages_for_people_stay_pages(client: Client, db: None) -> None:
    response = client.get("/nothing")
    assert response.status_code == 404
    assert response["Content-Type"].startswith("text/html")
    assert API not in response.content.decode()
