"""The hosted pages and the admin while the database is away (faults.md 30)."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import Mock
from urllib.parse import parse_qs, urlencode, urlsplit

import psycopg
import pytest
import requests
from django.contrib.auth import get_user_model
from django.db import DataError, OperationalError, connection
from django.http import HttpRequest, HttpResponse
from django.test import Client
from pytest_django.fixtures import Settings

from config.postgres import embedded
from connections.models import ConnectAttempt, ConnectedAccount, ConnectLink, Status
from integrations.models import AuthConfig
from tests.evergrant_processes import EvergrantProcesses
from tests.making import CALLBACK_URL, link_to
from tests.person import Person
from tests.provider import ScriptedProvider, tokens
from tests.sandbox_process import free_port

pytestmark = pytest.mark.django_db(transaction=True)

SECRET_CODE = "code-that-works-once"


@contextmanager
def database_away() -> Iterator[None]:
    """Have this thread's queries meet a port where nobody listens."""
    right = {name: connection.settings_dict[name] for name in ("HOST", "PORT")}
    connection.close()
    connection.settings_dict |= {"HOST": "127.0.0.1", "PORT": free_port()}
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict |= right


def end_all_connections() -> None:
    """Have the server end every connection to the test database, as a restart does."""
    database = connection.settings_dict["NAME"]
    ending = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
    with psycopg.connect(os.environ["DATABASE_URL"]) as apart:
        apart.execute(ending, [database])


def stumble(get_response: Callable[[HttpRequest], HttpResponse]) -> Any:
    """Be a middleware that needs the database after the view has answered."""

    def stumbling(request: HttpRequest) -> HttpResponse:
        get_response(request)
        raise OperationalError

    return stumbling


@pytest.fixture
def url(auth_config: AuthConfig) -> str:
    return link_to(auth_config)


def assert_is_the_page(response: Any) -> None:
    assert response.status_code == 503
    assert int(response["Retry-After"]) > 0
    assert "no-store" in response["Cache-Control"]
    assert "We cannot reach our database just now" in response.content.decode()


def test_a_link_tells_to_come_back_and_stays_as_it_is(url: str) -> None:
    path = urlsplit(url).path
    with database_away():
        page = Client().get(path)
    assert_is_the_page(page)
    assert path.rsplit("/", 1)[1] not in page.content.decode()
    assert Person(url).set_out()


def test_setting_out_tells_to_come_back_and_binds_nothing(url: str) -> None:
    with database_away():
        assert_is_the_page(Client().post(urlsplit(url).path))
    assert ConnectLink.objects.get().browser_digest == ""


def test_an_answer_that_met_no_database_can_come_again(
    url: str, provider: ScriptedProvider
) -> None:
    person = Person(url)
    person.set_out()
    with database_away():
        assert_is_the_page(person.come_back(code=SECRET_CODE))
    assert provider.token_calls() == []
    assert "status=success" in person.come_back(code=SECRET_CODE)["Location"]
    assert [form["code"] for form in provider.token_calls()] == [SECRET_CODE]


def test_the_page_repeats_neither_code_nor_state_and_leads_to_its_own_address(url: str) -> None:
    person = Person(url)
    person.set_out()
    with database_away():
        page = person.come_back(code=SECRET_CODE).content.decode()
    assert SECRET_CODE not in page
    assert person.authorization["state"] not in page
    assert '<a class="button" href="">' in page


def test_no_log_line_repeats_the_answer(url: str, caplog: pytest.LogCaptureFixture) -> None:
    person = Person(url)
    person.set_out()
    with database_away():
        person.come_back(code=SECRET_CODE)
        Client().get(urlsplit(url).path)
    assert "page_lost_database" in caplog.text
    assert SECRET_CODE not in caplog.text
    assert person.authorization["state"] not in caplog.text


def test_a_database_that_goes_away_amid_the_exchange_leads_to_another_trip(
    url: str, provider: ScriptedProvider
) -> None:
    person = Person(url)
    person.set_out()
    provider.answer_tokens(dataclasses.replace(tokens(), before=end_all_connections))
    page = person.come_back(code=SECRET_CODE)
    assert page.status_code == 503
    assert "The connection was not saved" in page.content.decode()
    assert f'action="{person.path}"' in page.content.decode()
    assert SECRET_CODE not in page.content.decode()
    assert ConnectAttempt.objects.get().consumed_at is not None
    provider.answer_tokens(tokens())
    person.set_out()
    assert "status=success" in person.come_back(code="another")["Location"]
    assert ConnectedAccount.objects.get().status == Status.ACTIVE


@pytest.mark.parametrize("path", ["/admin/", "/admin/connections/connectedaccount/"])
def test_the_admin_tells_to_come_back(path: str) -> None:
    # The session is asked for before the view, so the server's last resort answers.
    operator = Client(raise_request_exception=False)
    operator.force_login(get_user_model().objects.create_superuser("operator"))
    with database_away():
        assert_is_the_page(operator.get(path))
    assert operator.get(path).status_code == 200


def test_so_does_a_page_whose_middleware_needs_the_database(settings: Settings) -> None:
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, f"{__name__}.stumble"]
    assert_is_the_page(Client(raise_request_exception=False).get("/accounts/login/"))


@pytest.mark.parametrize("error", [ValueError, DataError])
def test_another_crash_is_none_of_the_databases(
    error: type[Exception], monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setattr("connections.connect.views.find_link", Mock(side_effect=error))
    page = Client(raise_request_exception=False).get(urlsplit(url).path)
    assert page.status_code == 500


def once_it_is_back(browser: requests.Session, url: str) -> requests.Response:
    """Load the page again for as long as it says that the database is away."""
    response = browser.get(url, allow_redirects=False, timeout=30)
    for _ in range(int(response.headers.get("Retry-After", "0")) and 20):
        if response.status_code != 503:
            break
        response = browser.get(url, allow_redirects=False, timeout=30)
    return response


def test_a_database_that_is_stopped_and_started_again_loses_no_answer(
    provider: ScriptedProvider, tmp_path: Path
) -> None:
    # One that keeps what it has confirmed: whatever stops it, the trip that set out is known after.
    with embedded(tmp_path / "pgdata") as server:
        evergrant = EvergrantProcesses(server.url, tmp_path)
        demo = evergrant.install(sandbox_url=provider.url, callback_url=CALLBACK_URL)
        evergrant.start_web()
        try:
            browser = requests.Session()
            answer = set_out(browser, demo["connect_url"])
            server.stop()
            told = browser.get(answer, allow_redirects=False, timeout=30)
            assert (told.status_code, provider.token_calls()) == (503, [])
            server.start()
            back = once_it_is_back(browser, answer)
            assert back.status_code == 302, back.text
            assert "status=success" in back.headers["Location"]
        finally:
            evergrant.stop()


def set_out(browser: requests.Session, url: str) -> str:
    """Press the page's button and return the address that the provider would send back to."""
    browser.get(url, timeout=30)
    form = {"csrfmiddlewaretoken": browser.cookies["csrftoken"]}
    sent = browser.post(url, data=form, allow_redirects=False, timeout=30)
    query = parse_qs(urlsplit(sent.headers["Location"]).query)
    answer = {"state": query["state"][0], "code": SECRET_CODE}
    return f"{query['redirect_uri'][0]}?{urlencode(answer)}"
