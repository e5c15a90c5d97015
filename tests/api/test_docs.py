"""The documentation: generated, open to everybody, and served from here alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.test import Client
from playwright.sync_api import Page, Request, expect

from integrations.models.api_key import Scope
from tests.api.operations import OPERATIONS, Operation
from tests.chromium import running_chromium
from tests.evergrant_processes import EvergrantProcesses


def test_the_document_describes_the_api(client: Client) -> None:
    document = client.get("/api/v1/openapi.json").json()
    assert document["openapi"].startswith("3.")
    assert document["info"]["title"] == "Evergrant"
    assert set(document["components"]["securitySchemes"]) == {"KeyHeader", "KeyBearer"}
    assert document["components"]["securitySchemes"]["KeyHeader"]["name"] == "x-api-key"


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_every_operation_is_documented(operation: Operation) -> None:
    document = operation.document
    assert document["summary"]
    assert document["description"]
    assert document["tags"]
    assert document["security"] == [{"KeyHeader": []}, {"KeyBearer": []}]
    assert document["x-required-scope"] in set(Scope.values)


def test_every_operation_has_an_id_of_its_own() -> None:
    ids = [operation.document["operationId"] for operation in OPERATIONS]
    assert len(set(ids)) == len(ids)


def test_no_schema_of_an_answer_but_the_two_that_tell_it_holds_a_secret(client: Client) -> None:
    schemas = client.get("/api/v1/openapi.json").json()["components"]["schemas"]
    telling = {
        name
        for name, schema in schemas.items()
        for field in schema.get("properties", {})
        if field in {"secret", "access_token", "refresh_token", "client_secret", "payload"}
        and not name.endswith("In")
    }
    assert telling == {"EndpointWithSecret", "CredentialsOut"}


def test_the_page_names_no_other_host(client: Client) -> None:
    response = client.get("/api/v1/docs")
    assert response.status_code == 200
    assert re.findall(r"(?:https?:)?//[\w.-]+", response.content.decode()) == []
    assert response["Content-Security-Policy"].startswith("default-src 'self';")
    assert "http" not in response["Content-Security-Policy"]


@pytest.fixture
def served(database_url: str, tmp_path: Path) -> Iterator[EvergrantProcesses]:
    processes = EvergrantProcesses(database_url, tmp_path)
    processes.manage("collectstatic", "--no-input")
    processes.start_web()
    yield processes
    processes.stop()


@pytest.fixture
def page() -> Iterator[Page]:
    with running_chromium() as program:
        yield program.new_page()


@pytest.mark.browser
def test_the_page_works_and_loads_from_here_alone(served: EvergrantProcesses, page: Page) -> None:
    asked: list[Request] = []
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request))  # noqa: PLW0108 - it wants a function
    page.on("console", lambda line: complaints.append(line.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{served.url}/api/v1/docs")
    expect(page.locator(".opblock")).to_have_count(len(OPERATIONS), timeout=20_000)
    page.wait_for_load_state("networkidle")
    assert complaints == []
    hosts = {urlsplit(request.url).netloc for request in asked if "data:" not in request.url[:5]}
    assert hosts == {urlsplit(served.url).netloc}
