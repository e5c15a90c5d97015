"""One grant from its beginning to its end, each step with what the one before it brought."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlsplit

from connections.schedule import plan
from integrations.schemes import (
    Granted,
    OAuth2Client,
    TokenSet,
    from_person,
    from_provider,
    from_redirect,
    scheme_of,
)
from integrations.secrets import Secret
from tests.conformance.bodies import token_answer
from tests.conformance.provider import Provider, address
from tests.conformance.token_requests import renewal_url
from tests.conformance.trips import Trip, each_trip
from tests.provider import Answer

NOW = datetime(2030, 5, 17, 12, tzinfo=UTC)
VERIFIER = "verifier-verifier-verifier-verifier-verifier"


def client_with(trip: Trip, values: dict[str, str]) -> OAuth2Client:
    client = scheme_of(trip.config, values)
    assert isinstance(client, OAuth2Client)
    return client


def consent(trip: Trip, person: dict[str, str]) -> dict[str, str]:
    """Send a person to the provider, who agrees; return the query with which they come back."""
    url = client_with(trip, person).authorization_url(
        redirect_uri=trip.config.redirect_uri,
        scopes=trip.config.requested_scopes,
        state="st+ate",
        code_verifier=Secret(VERIFIER) if trip.toolkit.pkce else None,
    )
    asked = dict(parse_qsl(urlsplit(url).query))
    digest = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest())
    challenge = digest.rstrip(b"=").decode()
    assert asked.get("code_challenge", "") == (challenge if trip.toolkit.pkce else "")
    parameters = trip.catalog.connection_parameters
    told = {n: v for n, v in trip.told.items() if parameters[n].source == "redirect"}
    return {"code": "c0de", "state": asked["state"]} | {
        parameters[name].path or name: value for name, value in told.items()
    }


def open_up(trip: Trip, provider: Provider) -> None:
    """Have the provider answer everything that a trip asks, at the addresses of this account."""
    kit = trip.toolkit
    provider.issue(kit, told=trip.told, refresh_token="refresh-One1", expires_in=1800)
    renewed = token_answer(kit, access_token="access-Two2", expires_in=1800)
    if address(renewal_url(kit)) != address(kit.token_url):
        provider.answer(renewal_url(kit), Answer(json=renewed))
    provider.know(kit)
    provider.tell(kit, trip.told)


def exchange(trip: Trip, person: dict[str, str], redirect: dict[str, str]) -> TokenSet:
    values = person | from_redirect(trip.catalog, redirect)
    verdict = client_with(trip, values).exchange_code(
        code=Secret(redirect["code"]),
        redirect_uri=trip.config.redirect_uri,
        code_verifier=Secret(VERIFIER) if trip.toolkit.pkce else None,
    )
    assert isinstance(verdict, Granted), verdict
    return verdict.tokens


@each_trip("oauth2")
def test_a_grant_is_given_proven_renewed_and_planned(trip: Trip, provider: Provider) -> None:
    open_up(trip, provider)
    person = from_person(trip.catalog, trip.person)
    redirect = consent(trip, person)
    tokens = exchange(trip, person, redirect)
    known = trip.catalog.with_connection(person)
    values = person | from_provider(known, redirect=redirect, tokens=tokens)
    assert values == trip.person | trip.told
    client = client_with(trip, values)
    found = client.identify(tokens=tokens)
    assert (found is None) is (trip.catalog.identity is None)
    assert tokens.refresh_token is not None
    renewed = client.refresh(refresh_token=tokens.refresh_token)
    assert isinstance(renewed, Granted)
    kept = renewed.tokens.carrying_over(tokens.refresh_token)
    times = plan(tokens=kept, auth_config=trip.config, granted_at=NOW, now=NOW)
    assert times.refresh_at is not None
