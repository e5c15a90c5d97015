"""Keys that are traded for access tokens: client credentials and service accounts."""

from __future__ import annotations

import json
from copy import copy
from typing import Any

from integrations.catalog import Toolkit
from integrations.schemes import Granted, RefusalKind, Refused, Verdict, key_client
from integrations.schemes.assertions import GRANT_TYPE
from integrations.secrets import Secret
from tests.conformance.bodies import error_body
from tests.conformance.credentials import filled
from tests.conformance.provider import HTML, Provider, address, refusing
from tests.conformance.server import Request
from tests.conformance.token_requests import check_token_request, claims_of
from tests.conformance.trips import CLIENT_EMAIL, Trip, each_trip
from tests.provider import Answer

TRADED = ("client_credentials", "service_account")


def traded(trip: Trip, provider: Provider, **parts: Any) -> Granted:
    """Trade the trip's key for a first token, with ``parts`` in the answer."""
    provider.issue(trip.toolkit, **parts)
    verdict = trip.keys.obtain(trip.fields)
    assert isinstance(verdict, Granted), verdict
    return verdict


def extra(trip: Trip) -> dict[str, str]:
    return {name: filled(t, trip.fields) for name, t in trip.form.token_parameters.items()}


def scope_of(trip: Trip) -> dict[str, str]:
    scope = trip.toolkit.scope_separator.join(trip.form.scopes)
    return {"scope": scope} if scope else {}


def check_request(trip: Trip, request: Request) -> None:
    """Assert that ``request`` is the one that trades the trip's key."""
    if trip.scheme == "client_credentials":
        client_id, secret = trip.fields["client_id"], trip.fields["client_secret"]
        check_token_request(
            request,
            trip.toolkit,
            {"grant_type": "client_credentials"} | scope_of(trip) | extra(trip),
            url=trip.toolkit.token_url,
            client_id=client_id,
            client_secret=secret,
        )
    else:
        check_assertion(trip, request)


def check_assertion(trip: Trip, request: Request) -> None:
    assert request.url == address(trip.toolkit.token_url)
    assert "authorization" not in request.headers
    fields = dict(request.fields)
    claims = claims_of(fields.pop("assertion"))
    assert fields == {"grant_type": GRANT_TYPE} | trip.toolkit.token_parameters | extra(trip)
    lives = claims.pop("exp") - claims.pop("iat")
    assert 0 < lives <= 3600
    assert claims.pop("jti")
    subject = {"sub": trip.fields["subject"]} if "subject" in trip.fields else {}
    expected = {"iss": CLIENT_EMAIL, "aud": trip.toolkit.token_url}
    assert claims == expected | scope_of(trip) | subject


@each_trip(*TRADED)
def test_a_key_is_traded_as_the_file_says(trip: Trip, provider: Provider) -> None:
    assert traded(trip, provider, expires_in=77).tokens.expires_in == 77
    check_request(trip, provider.only_call())
    assert traded(trip, provider).tokens.expires_in == trip.form.access_token_seconds


@each_trip(*TRADED)
def test_a_key_renews_its_tokens_and_is_kept(trip: Trip, provider: Provider) -> None:
    kept = traded(trip, provider).tokens.refresh_token
    assert kept is not None
    assert json.loads(kept.reveal()) == trip.fields
    provider.requests.clear()
    provider.issue(trip.toolkit, access_token="access-Two2", refresh_token="not-wanted")
    renewed = trip.client.refresh(refresh_token=kept)
    assert isinstance(renewed, Granted)
    assert renewed.tokens.access_token == Secret("access-Two2")
    assert renewed.tokens.refresh_token == kept
    check_request(trip, provider.only_call())


def answered(trip: Trip, provider: Provider, answer: Answer) -> Verdict:
    provider.answer(trip.toolkit.token_url, answer)
    return trip.client.refresh(refresh_token=Secret(json.dumps(trip.fields)))


@each_trip(*TRADED)
def test_a_key_that_is_refused_is_the_persons_to_replace(trip: Trip, provider: Provider) -> None:
    refusals = [(401, "invalid_client"), (400, "invalid_grant")]
    for status, code in [*refusals, *_configured(trip.toolkit)]:
        verdict = answered(trip, provider, refusing(status, error_body(trip.toolkit, code)))
        assert isinstance(verdict, Refused)
        found = (verdict.kind, verdict.reason)
        assert found == (RefusalKind.TERMINAL, "grant_revoked"), code


def _configured(toolkit: Toolkit) -> list[tuple[int, str]]:
    """Return the plain errors by which the toolkit refuses a client."""
    return [
        ((rule.status or (400,))[0], str(error))
        for rule in toolkit.configuration
        if not rule.fields and not rule.description
        for error in rule.error or ()
    ]


@each_trip(*TRADED)
def test_an_outage_refuses_no_key(trip: Trip, provider: Provider) -> None:
    body = error_body(trip.toolkit, "invalid_client")
    for answer in (*(refusing(status, body) for status in (429, 503)), HTML):
        verdict = answered(trip, provider, answer)
        assert isinstance(verdict, Refused)
        assert verdict.kind is RefusalKind.TRANSIENT


@each_trip("service_account")
def test_scopes_of_its_own_do_not_keep_a_key_from_telling_whose_it_is(
    trip: Trip, provider: Provider
) -> None:
    provider.issue(trip.toolkit)
    config = copy(trip.config)
    config.scopes = ["https://example.com/auth/only"]
    key_client(config, {}).obtain(trip.fields)
    asked = claims_of(dict(provider.only_call().fields)["assertion"])["scope"].split()
    assert trip.toolkit.identity is not None
    needed = [set(any_of) for any_of in trip.toolkit.identity.scopes]
    assert asked[0] == "https://example.com/auth/only"
    assert needed
    assert all(any_of & set(asked) for any_of in needed)
