"""An MCP server whose tokens come from the certified server: found, joined, refreshed, left.

Evergrant is told the MCP server's address and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from django.utils import timezone

from connections import vault
from connections.models import ConnectedAccount, Credentials, Revocation, Status, Trigger
from connections.refresh import revoke_due
from connections.refresh.claim import claim_due
from connections.refresh.work import refresh_claimed
from integrations.mcp_servers import create_mcp_auth_config
from integrations.models import AuthConfig, Project
from integrations.models.api_key import Scope
from integrations.reregistering import register_again
from tests.api.calling import Caller, key_of
from tests.authorization_server import SelfDescribingServer
from tests.certified_server.person import sign_in_and_consent
from tests.certified_server.process import (
    CLIENT_ID,
    CLIENT_SECRET,
    CertifiedServer,
    certified_server,
)
from tests.making import CALLBACK_URL, link_to
from tests.person import Person

pytestmark = pytest.mark.django_db

# It asks what the server knows of a token.
WITNESS = {
    "client_id": CLIENT_ID,
    "client_secret": CLIENT_SECRET,
    "redirect_uris": ["https://witness.example/"],
}


@pytest.fixture(scope="module")
def authorization_server() -> Iterator[CertifiedServer]:
    with certified_server(WITNESS) as running:
        yield running


@pytest.fixture
def mcp_server(authorization_server: CertifiedServer) -> Iterator[SelfDescribingServer]:
    with SelfDescribingServer().serving() as server:
        server.resource["authorization_servers"] = [authorization_server.url]
        yield server


@pytest.fixture
def auth_config(mcp_server: SelfDescribingServer) -> AuthConfig:
    project = Project.objects.create(name="Acme Agents", allowed_callback_urls=[CALLBACK_URL])
    return create_mcp_auth_config(project=project, name="Notes", server_url=mcp_server.mcp_url)


def connected(auth_config: AuthConfig) -> ConnectedAccount:
    person = Person(link_to(auth_config))
    person.client.get(sign_in_and_consent(person.set_out()))
    return ConnectedAccount.objects.get()


def tokens_of(account: ConnectedAccount) -> tuple[str, str]:
    grant = vault.open_grant(Credentials.objects.get(pk=account.pk))
    assert grant.refresh_token is not None
    return grant.access_token.reveal(), grant.refresh_token.reveal()


def refresh_when_due(account: ConnectedAccount) -> None:
    past = timezone.now()
    ConnectedAccount.objects.filter(pk=account.pk).update(expires_at=past, refresh_at=past)
    [claim] = claim_due(limit=1, trigger=Trigger.SCHEDULE, now=timezone.now())
    refresh_claimed(claim)


def test_a_grant_from_the_servers_address_to_its_end(
    authorization_server: CertifiedServer, mcp_server: SelfDescribingServer, auth_config: AuthConfig
) -> None:
    # The client exists: the certified server made it, and tells of nobody else's.
    assert auth_config.client_id not in {"", CLIENT_ID}
    account = connected(auth_config)
    assert (account.status, account.toolkit) == (Status.ACTIVE, "127-0-0-1")
    assert account.scopes_requested == ["notes:read", "offline_access"]
    assert account.scopes_granted == ["notes:read"]
    before = tokens_of(account)
    known = authorization_server.introspect(before[0])
    assert (known["aud"], known["scope"]) == (mcp_server.mcp_url, "notes:read")
    assert known["client_id"] == auth_config.client_id

    # A refresh asks for the same resource, or its token would be for another one.
    refresh_when_due(account)
    after = tokens_of(account)
    assert after[1] != before[1]
    assert authorization_server.introspect(after[0])["aud"] == mcp_server.mcp_url

    call = Caller(key_of(auth_config.project, Scope.WRITE))
    assert call("POST", f"/connected_accounts/{account.pk}/revoke").json()["status"] == "REVOKED"
    revoke_due()
    assert Revocation.objects.get().confirmed_at is not None
    assert authorization_server.introspect(after[1]) == {"active": False}


def test_the_authorization_request_names_the_resource(
    mcp_server: SelfDescribingServer, auth_config: AuthConfig
) -> None:
    query = parse_qs(urlsplit(Person(link_to(auth_config)).set_out()).query)
    assert query["resource"] == [mcp_server.mcp_url]
    assert query["code_challenge_method"] == ["S256"]


@pytest.mark.fault(32)
@pytest.mark.parametrize("iss", ["iss=https%3A%2F%2Fevil.example", ""])
def test_an_answer_that_is_not_in_the_servers_name_connects_nothing(
    auth_config: AuthConfig, iss: str
) -> None:
    # The server says that it always names itself (RFC 9207), so silence is somebody else's.
    assert auth_config.catalog_entry.issuer_in_response
    person = Person(link_to(auth_config))
    back = sign_in_and_consent(person.set_out())
    assert person.client.get(re.sub(r"iss=[^&]*", iss, back)).status_code == 403
    assert ConnectedAccount.objects.get().status == Status.INITIATED


def test_an_account_outlives_a_new_registration_with_the_client_that_it_has(
    authorization_server: CertifiedServer, auth_config: AuthConfig
) -> None:
    account, first = connected(auth_config), auth_config.client_id
    register_again(auth_config=auth_config)
    assert auth_config.client_id != first
    refresh_when_due(account)
    account.refresh_from_db()
    assert Credentials.objects.get(pk=account.pk).generation == 2
    assert authorization_server.introspect(tokens_of(account)[0])["client_id"] == first
