"""One grant at a server that is not ours: OpenID certified, run from its published package.

Connecting, refreshing with rotation and revoking, by the product's own code over real HTTP.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.utils import timezone
from joserfc.jwk import RSAKey

from connections import vault
from connections.errors import AccountUnusable
from connections.models import (
    ConnectedAccount,
    Credentials,
    Reason,
    RefreshAttempt,
    RefreshOutcome,
    Revocation,
    Status,
    Trigger,
)
from connections.refresh import refresh_account, revoke_due
from connections.refresh.claim import claim_due
from connections.refresh.work import refresh_claimed
from integrations.catalog import loader
from integrations.models import AuthConfig, Project
from integrations.models.api_key import Scope
from integrations.schemes import TokenSet
from integrations.secrets import Secret
from tests.api.calling import Caller, key_of
from tests.certified_server.installing import HERE
from tests.certified_server.person import sign_in_and_consent
from tests.certified_server.process import (
    CLIENT_ID,
    CLIENT_SECRET,
    CertifiedServer,
    certified_server,
)
from tests.making import CALLBACK_URL, link_to
from tests.person import Person
from webhooks.models import Event, EventType

pytestmark = pytest.mark.django_db

BY_SECRET = {
    "client_id": CLIENT_ID,
    "client_secret": CLIENT_SECRET,
    "token_endpoint_auth_method": "client_secret_basic",
}


@pytest.fixture(autouse=True)
def _catalog(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have the catalog hold the server's toolkits, and nothing else, until the test ends."""
    for folder in ("FOLDER", "BASES"):
        monkeypatch.setattr(loader, folder, HERE / "toolkits")
    caches = loader.slugs, loader.get_toolkit, loader.all_toolkits
    for cache in caches:
        cache.cache_clear()
    yield
    monkeypatch.undo()
    for cache in caches:
        cache.cache_clear()


@contextmanager
def serving(auth_config: AuthConfig, client: dict[str, Any]) -> Iterator[CertifiedServer]:
    """Run the server with ``auth_config`` as its client, and tell it where the server is."""
    registered = {
        "redirect_uris": [auth_config.redirect_uri],
        "grant_types": ["authorization_code", "refresh_token"],
        **client,
    }
    with certified_server(registered) as server:
        auth_config.parameters = {"base_url": server.url}
        auth_config.full_clean()
        auth_config.save()
        yield server


@pytest.fixture
def project(db: None) -> Project:
    return Project.objects.create(name="Acme Agents", allowed_callback_urls=[CALLBACK_URL])


@pytest.fixture
def auth_config(project: Project) -> AuthConfig:
    return AuthConfig(
        project=project,
        name="Certified",
        toolkit="certified",
        client_id=CLIENT_ID,
        client_secret=Secret(CLIENT_SECRET),
    )


@pytest.fixture
def server(auth_config: AuthConfig) -> Iterator[CertifiedServer]:
    with serving(auth_config, BY_SECRET) as running:
        yield running


def connected(auth_config: AuthConfig) -> ConnectedAccount:
    """Have alice connect an account on the hosted page, and return it."""
    person = Person(link_to(auth_config))
    person.client.get(sign_in_and_consent(person.set_out()))
    return ConnectedAccount.objects.get()


def grant_of(account: ConnectedAccount) -> TokenSet:
    return vault.open_grant(Credentials.objects.get(pk=account.pk))


def refresh_token_of(account: ConnectedAccount) -> str:
    secret = grant_of(account).refresh_token
    assert secret is not None
    return secret.reveal()


def refresh_when_due(account: ConnectedAccount) -> None:
    """Let the access token's time be over, and do what a worker does then."""
    past = timezone.now()
    ConnectedAccount.objects.filter(pk=account.pk).update(expires_at=past, refresh_at=past)
    [claim] = claim_due(limit=1, trigger=Trigger.SCHEDULE, now=timezone.now())
    refresh_claimed(claim)


def test_a_person_connects_and_whose_account_it_is_is_known(
    server: CertifiedServer, auth_config: AuthConfig
) -> None:
    person = Person(link_to(auth_config))
    back = sign_in_and_consent(person.set_out())
    # The server demands PKCE, names itself (RFC 9207), and its ID token carries our nonce.
    assert person.authorization["nonce"]
    assert parse_qs(urlsplit(back).query)["iss"] == [server.url]
    answer = person.client.get(back)
    assert answer["Location"].startswith(f"{CALLBACK_URL}?")
    account = ConnectedAccount.objects.get()
    assert (account.status, account.status_reason) == (Status.ACTIVE, Reason.CONNECTED)
    assert (account.identity_id, account.identity_label) == ("alice", "alice@example.com")
    assert account.scopes_granted == ["openid", "email", "offline_access"]
    assert server.introspect(grant_of(account).access_token.reveal())["sub"] == "alice"


def test_an_answer_in_another_issuers_name_is_refused_and_its_code_not_used(
    server: CertifiedServer, auth_config: AuthConfig
) -> None:
    person = Person(link_to(auth_config))
    back = sign_in_and_consent(person.set_out())
    forged = re.sub(r"iss=[^&]*", "iss=https%3A%2F%2Fevil.example", back)
    assert person.client.get(forged).status_code == 403
    assert ConnectedAccount.objects.get().status == Status.INITIATED
    # The code still works, so it was not sent anywhere.
    person.client.get(back)
    assert ConnectedAccount.objects.get().status == Status.ACTIVE


def test_each_refresh_rotates_the_refresh_token(
    server: CertifiedServer, auth_config: AuthConfig
) -> None:
    account = connected(auth_config)
    seen = [refresh_token_of(account)]
    refresh_when_due(account)
    seen.append(refresh_token_of(account))
    refresh_account(account_id=account.pk, trigger=Trigger.READ)
    seen.append(refresh_token_of(account))
    assert [server.introspect(token)["active"] for token in seen] == [False, False, True]
    assert server.introspect(grant_of(account).access_token.reveal())["active"]
    assert Credentials.objects.get(pk=account.pk).generation == 3
    outcomes = set(RefreshAttempt.objects.values_list("outcome", flat=True))
    assert outcomes == {RefreshOutcome.STORED}


def test_a_spent_refresh_token_ends_the_grant_and_the_account_says_so(
    server: CertifiedServer, auth_config: AuthConfig
) -> None:
    account = connected(auth_config)
    spent = refresh_token_of(account)
    for _ in range(2):
        refresh_when_due(account)
    refused = server.refresh(spent)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
    with pytest.raises(AccountUnusable):
        refresh_account(account_id=account.pk, trigger=Trigger.READ)
    account.refresh_from_db()
    assert (account.status, account.status_reason) == (Status.EXPIRED, Reason.GRANT_REVOKED)
    told = Event.objects.get(type=EventType.EXPIRED).data
    assert (told["reason_code"], told["error_code"]) == ("grant_revoked", "invalid_grant")


def test_a_revocation_by_the_api_reaches_the_server(
    server: CertifiedServer, auth_config: AuthConfig
) -> None:
    account = connected(auth_config)
    tokens = grant_of(account).access_token.reveal(), refresh_token_of(account)
    assert [server.introspect(token)["active"] for token in tokens] == [True, True]
    call = Caller(key_of(auth_config.project, Scope.WRITE))
    answer = call("POST", f"/connected_accounts/{account.pk}/revoke")
    assert answer.json()["status"] == "REVOKED"
    assert revoke_due() == 1
    assert Revocation.objects.get().confirmed_at is not None
    assert [server.introspect(token) for token in tokens] == [{"active": False}] * 2


def test_a_client_that_signs_connects_refreshes_and_revokes(auth_config: AuthConfig) -> None:
    key = RSAKey.generate_key(2048)
    auth_config.toolkit = "certified_jwt"
    auth_config.client_secret = Secret(key.as_pem(private=True).decode())
    client = {
        "client_id": CLIENT_ID,
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks": {"keys": [key.as_dict(private=False)]},
    }
    with serving(auth_config, client):
        account = connected(auth_config)
        assert account.status == Status.ACTIVE
        refresh_when_due(account)
        assert Credentials.objects.get(pk=account.pk).generation == 2
        Caller(key_of(auth_config.project, Scope.WRITE))(
            "POST", f"/connected_accounts/{account.pk}/revoke"
        )
        revoke_due()
        assert Revocation.objects.get().confirmed_at is not None


def test_the_server_ends_with_whoever_started_it() -> None:
    with certified_server() as server:
        assert server.process.stdin is not None
        server.process.stdin.close()
        try:
            server.process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            pytest.fail("it goes on without its standard input")
    assert server.process.returncode == 0


def test_the_lock_names_no_place_to_fetch_from_and_a_hash_for_each_package() -> None:
    packages = json.loads((HERE / "package-lock.json").read_text())["packages"]
    fetched = {name: package for name, package in packages.items() if name}
    assert len(fetched) > 1
    assert [name for name, package in fetched.items() if "resolved" in package] == []
    assert all(package["integrity"].startswith("sha512-") for package in fetched.values())
