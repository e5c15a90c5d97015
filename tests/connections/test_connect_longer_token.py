"""A token that is traded for a longer one, and from then on renews itself."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from connections import vault
from connections.errors import AccountUnusable, RefreshUnavailable
from connections.models import ConnectedAccount, Credentials, Reason, Status, Trigger
from connections.refresh import refresh_account
from integrations.auth_configs import update_auth_config
from integrations.models import AuthConfig
from integrations.secrets import Secret
from tests.making import link_to
from tests.other_toolkits import ME, use_toolkit
from tests.person import Person
from tests.provider import Answer, ScriptedProvider

pytestmark = pytest.mark.django_db

DAYS_60 = 5_184_000
LONGER = {
    "url": "{base_url}/longer",
    "parameters": {"grant_type": "trade", "secret": "{client_secret}", "token": "{access_token}"},
}
RENEWAL = {"url": "{base_url}/renew", "parameters": {"token": "{access_token}"}}
SERVICE: dict[str, Any] = {
    "authorization_url": "{base_url}/authorize",
    "token_url": "{base_url}/token",
    "longer_token": LONGER,
    "self_renewal": RENEWAL,
    "access_token_seconds": DAYS_60,
    "refresh_token": {"absolute_seconds": DAYS_60},
    "rotation": "rotates_old_remains_valid",
    "terminal": [{"error": "over", "reason": "refresh_token_expired"}],
}


@pytest.fixture(autouse=True)
def _service(monkeypatch: pytest.MonkeyPatch, provider: ScriptedProvider) -> None:
    use_toolkit(monkeypatch, **SERVICE)
    provider.answer("/token", answer("short", expires_in=3600, scope="read"))
    provider.answer("/longer", answer("long"))
    provider.answer("/renew", answer("long-2"), answer("long-3"))
    provider.answer(ME, Answer(json={"id": "7", "email": "alice@example.com"}))


def answer(token: str, **more: Any) -> Answer:
    return Answer(
        json={"access_token": token, "token_type": "bearer", "expires_in": DAYS_60} | more
    )


def connect(auth_config: AuthConfig) -> ConnectedAccount:
    person = Person(link_to(auth_config))
    person.set_out()
    person.come_back(code="c")
    return ConnectedAccount.objects.get()


def kept() -> tuple[str, str]:
    tokens = vault.open_grant(Credentials.objects.get())
    assert tokens.refresh_token is not None
    return tokens.access_token.reveal(), tokens.refresh_token.reveal()


def last_cause(account: ConnectedAccount) -> str:
    transition = account.transitions.order_by("pk").last()
    assert transition is not None
    return transition.cause


def sent_to(provider: ScriptedProvider, path: str) -> list[dict[str, str]]:
    """Return the queries with which ``path`` was called."""
    targets = (urlsplit(target) for target in provider.targets)
    return [dict(parse_qsl(target.query)) for target in targets if target.path == path]


def test_what_is_kept_is_the_longer_token(
    provider: ScriptedProvider, auth_config: AuthConfig
) -> None:
    account = connect(auth_config)
    secret = auth_config.client_secret.reveal()
    assert sent_to(provider, "/longer") == [
        {"grant_type": "trade", "secret": secret, "token": "short"}
    ]
    assert (account.status, account.scopes_granted, kept()[0]) == ("ACTIVE", ["read"], "long")
    assert account.granted_at is not None
    assert account.expires_at is not None
    assert (account.expires_at - account.granted_at).total_seconds() == DAYS_60


def test_it_is_renewed_in_time_with_the_token_itself(
    provider: ScriptedProvider, auth_config: AuthConfig
) -> None:
    account = connect(auth_config)
    assert account.refresh_at is not None
    assert account.expires_at is not None
    assert account.refresh_at < account.expires_at
    for _ in range(2):
        refresh_account(account_id=account.pk, trigger=Trigger.API)
    assert sent_to(provider, "/renew") == [{"token": "long"}, {"token": "long-2"}]
    assert kept() == ("long-3", "long-3")


def test_where_the_client_is_refused_its_secret_of_before_trades_and_renews(
    provider: ScriptedProvider, auth_config: AuthConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_secret = {"token": "{access_token}", "secret": "{client_secret}"}
    use_toolkit(monkeypatch, **SERVICE | {"self_renewal": RENEWAL | {"parameters": with_secret}})
    before = auth_config.client_secret.reveal()
    update_auth_config(auth_config=auth_config, client_secret=Secret("mistyped"))
    refused = Answer(status=401, json={"error": "invalid_client"})
    provider.answer("/longer", refused, answer("long"))
    provider.answer("/renew", refused, answer("long-2"))
    account = connect(auth_config)
    refresh_account(account_id=account.pk, trigger=Trigger.API)
    for path in ("/longer", "/renew"):
        assert [sent["secret"] for sent in sent_to(provider, path)] == ["mistyped", before]
    assert kept()[0] == "long-2"


def test_a_token_that_is_over_ends_the_grant(
    provider: ScriptedProvider, auth_config: AuthConfig
) -> None:
    account = connect(auth_config)
    provider.answer("/renew", Answer(status=400, json={"error": "over"}))
    with pytest.raises(AccountUnusable):
        refresh_account(account_id=account.pk, trigger=Trigger.API)
    account.refresh_from_db()
    found = (account.status, account.status_reason)
    assert found == (Status.EXPIRED, Reason.REFRESH_TOKEN_EXPIRED)


def test_what_the_renewal_says_of_a_young_token_ends_nothing(
    provider: ScriptedProvider, auth_config: AuthConfig
) -> None:
    account = connect(auth_config)
    provider.answer("/renew", Answer(status=400, json={"error": "too_young"}))
    with pytest.raises(RefreshUnavailable):
        refresh_account(account_id=account.pk, trigger=Trigger.API)
    account.refresh_from_db()
    assert (account.status, kept()[0]) == (Status.ACTIVE, "long")


def test_without_the_longer_token_nothing_is_connected(
    provider: ScriptedProvider, auth_config: AuthConfig
) -> None:
    provider.answer("/longer", Answer(status=400, json={"error": "secret_wrong"}))
    account = connect(auth_config)
    found = (account.status, account.status_reason, last_cause(account))
    assert found == (Status.FAILED, Reason.EXCHANGE_FAILED, "The provider answered secret_wrong")
    assert not Credentials.objects.exists()


def test_a_secret_that_the_trade_repeats_is_not_shown(
    provider: ScriptedProvider, auth_config: AuthConfig
) -> None:
    echoed = auth_config.client_secret.reveal()
    provider.answer("/longer", Answer(status=400, json={"error": echoed}))
    assert last_cause(connect(auth_config)) == "The provider answered http_400"
