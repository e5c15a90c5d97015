"""The API's way past what is for pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.test import Client

if TYPE_CHECKING:
    from connections.models import ConnectedAccount
    from tests.api.calling import Caller

PATH = "/api/v1/toolkits"


def refuse(*_: object, **__: object) -> None:
    raise AssertionError("this is for pages")


@pytest.mark.parametrize(
    "middleware",
    [
        "django.contrib.sessions.middleware.SessionMiddleware.process_request",
        "django.middleware.csrf.CsrfViewMiddleware.process_view",
        "django.contrib.auth.middleware.AuthenticationMiddleware.process_request",
    ],
)
def test_a_call_passes_no_middleware_of_pages(
    owner: Caller, monkeypatch: pytest.MonkeyPatch, middleware: str
) -> None:
    monkeypatch.setattr(middleware, refuse)
    assert owner("GET", PATH.removeprefix("/api/v1")).status_code == 200


def test_an_answer_has_id_length_and_policy(owner: Caller) -> None:
    response = owner("GET", PATH.removeprefix("/api/v1"))
    assert response["Content-Length"] == str(len(response.content))
    assert response["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Cache-Control"] == "no-store"
    assert response["X-Request-Id"].startswith("req_")


def test_a_call_under_another_name_is_refused(db: None) -> None:
    response = Client(headers={"host": "elsewhere.example"}).get(PATH)
    assert (response.status_code, response.json()["error"]["code"]) == (400, "invalid_request")


def test_the_documentation_is_a_page(client: Client) -> None:
    response = client.get("/api/v1/docs")
    assert response.status_code == 200
    assert "style-src" in response["Content-Security-Policy"]


def test_an_unknown_address_answers_as_the_api(client: Client) -> None:
    response = client.get("/api/v1/nothing")
    assert (response.status_code, response.json()["error"]["code"]) == (404, "not_found")


def test_nobody_on_the_way_keeps_credentials(owner: Caller, account: ConnectedAccount) -> None:
    response = owner("GET", f"/connected_accounts/{account.pk}/credentials")
    assert (response.status_code, response["Cache-Control"]) == (200, "no-store")
    refused = owner("GET", "/connected_accounts/ca_x/credentials")
    assert (refused.status_code, refused["Cache-Control"]) == (404, "no-store")
