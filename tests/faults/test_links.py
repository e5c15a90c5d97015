"""Links in the wrong hands, at the wrong time, to the wrong place (rows 31, 33, 34)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
from django.db import connection
from django.test import Client

from connections.actors import SYSTEM
from connections.models import ConnectAttempt, ConnectedAccount, ConnectLink
from connections.operations import reconnect_account
from integrations.models import AuthConfig, Project
from tests.api.calling import Caller, code_of, key_of
from tests.making import CALLBACK_URL, link_to
from tests.person import Person

pytestmark = pytest.mark.django_db

MARKUP = "<script>alert(1)</script>"


@pytest.mark.fault(31)
@pytest.mark.django_db(transaction=True)
def test_of_two_browsers_that_press_the_button_at_once_one_sets_out(
    auth_config: AuthConfig,
) -> None:
    path = urlsplit(link_to(auth_config)).path

    def press(_: int) -> int:
        try:
            return int(Client().post(path).status_code)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        answers = sorted(pool.map(press, range(4)))
    assert answers == [302, 410, 410, 410]
    assert ConnectAttempt.objects.count() == 1


@pytest.mark.fault(33)
@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/connected",
        "//app.example.com/connected",
        "https:\\\\app.example.com\\connected",
        f"{CALLBACK_URL}\\@evil.example",
        "https://app.example.com@evil.example/connected",
        "javascript:alert(1)",
    ],
)
def test_a_callback_url_that_is_not_listed_is_refused_as_the_link_is_made(
    auth_config: AuthConfig, project: Project, url: str
) -> None:
    app = Caller(key_of(project, "write"))
    body = {"user_id": "alice", "auth_config_id": auth_config.pk, "callback_url": url}
    refused = app("POST", "/connected_accounts/link", body)
    assert code_of(refused) == (400, "callback_url_refused")
    assert not ConnectLink.objects.exists()
    assert not ConnectedAccount.objects.exists()


@pytest.mark.fault(34)
@pytest.mark.parametrize("name", ["error", "error_description", "error_uri", "iss", "code"])
def test_whatever_the_provider_sends_along_never_becomes_markup(
    auth_config: AuthConfig, name: str
) -> None:
    person = Person(link_to(auth_config))
    person.set_out()
    answer = {"error": "server_error", name: MARKUP}
    assert MARKUP not in person.come_back(**answer).content.decode()


@pytest.mark.fault(34)
def test_a_name_upstream_never_becomes_markup(account: ConnectedAccount) -> None:
    ConnectedAccount.objects.update(identity_label=MARKUP)
    account.refresh_from_db()
    person = Person(reconnect_account(account=account, actor=SYSTEM).url)
    assert MARKUP not in person.client.get(person.path).content.decode()
