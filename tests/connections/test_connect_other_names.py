"""A service that has names of its own for a code, for a client, and sends tokens for a GET."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest

from connections.models import ConnectedAccount, ConnectLink, Status
from integrations.models import AuthConfig
from tests.making import link_to
from tests.other_toolkits import ME, use_toolkit
from tests.person import Person
from tests.provider import Answer, ScriptedProvider, tokens

pytestmark = pytest.mark.django_db


@pytest.fixture
def person(
    monkeypatch: pytest.MonkeyPatch, provider: ScriptedProvider, auth_config: AuthConfig
) -> Person:
    """Return somebody who is at the provider, and about to come back."""
    use_toolkit(
        monkeypatch,
        authorization_url="{base_url}/authorize",
        token_url="{base_url}/token",
        client_auth="client_secret_post",
        client_id_parameter="appid",
        token_parameter_names={"client_secret": "secret"},
        token_request="query",
        code_parameter="authCode",
    )
    provider.answer("/token", tokens())
    provider.answer(ME, Answer(json={"id": "7", "email": "alice@example.com"}))
    away = Person(link_to(auth_config))
    away.set_out()
    return away


def test_a_code_of_another_name_connects(
    person: Person, provider: ScriptedProvider, auth_config: AuthConfig
) -> None:
    assert person.come_back(authCode="c0de").status_code == 302
    assert ConnectedAccount.objects.get().status == Status.ACTIVE
    path = next(target for target in provider.targets if target.startswith("/token"))
    sent = dict(parse_qsl(urlsplit(path).query))
    assert (sent["appid"], sent["code"]) == (auth_config.client_id, "c0de")
    assert sent["secret"] == auth_config.client_secret.reveal()
    assert provider.forms("/token") == [{}]


def test_a_code_of_the_standards_name_is_none_there(
    person: Person, provider: ScriptedProvider
) -> None:
    person.come_back(code="c0de")
    assert provider.forms("/token") == []
    assert ConnectLink.objects.get().completed_at is None
    assert not ConnectedAccount.objects.filter(status=Status.ACTIVE).exists()
