"""OAuth 1.0a (RFC 5849): three signed requests, checked by another library's reading of the RFC."""

from __future__ import annotations

import math
from types import SimpleNamespace
from urllib.parse import parse_qs, parse_qsl, unquote, urlencode, urlsplit

from oauthlib.oauth1.rfc5849 import signature

from integrations.schemes import Granted, RefusalKind, Refused, RequestToken
from integrations.secrets import Secret
from tests.conformance.credentials import ACCESS_TOKEN, TOKEN_SECRET, obtain
from tests.conformance.provider import HTML, Provider, address, refusing
from tests.conformance.server import Request
from tests.conformance.trips import CLIENT_ID, CLIENT_SECRET, Trip, each_trip
from tests.provider import Answer

CALLBACK = "https://grants.example.com/connect/callback/ac_1?state=s+t"
TOKEN, SECRET, VERIFIER = "request-One1", "request-S3cret", "v3rifier"


def signed(request: Request, *, token_secret: str) -> dict[str, str]:
    """Return the OAuth parameters of ``request``, whose signature is right. Raises where not."""
    scheme, _, rest = request.headers["authorization"].partition(" ")
    assert scheme == "OAuth"
    parts = (part.strip().partition("=") for part in rest.split(","))
    oauth = {name: unquote(value.strip('"')) for name, _, value in parts}
    given = oauth.pop("oauth_signature")
    assert oauth["oauth_signature_method"] == "HMAC-SHA1"
    assert (oauth["oauth_consumer_key"], oauth.get("oauth_version")) == (CLIENT_ID, "1.0")
    whole = SimpleNamespace(
        http_method=request.method,
        uri=request.url,
        params=[*request.query, *oauth.items()],
        signature=given,
    )
    assert signature.verify_hmac_sha1(whole, CLIENT_SECRET, token_secret)
    return oauth


def pair(token: str, secret: str) -> Answer:
    fields = {
        "oauth_token": token,
        "oauth_token_secret": secret,
        "oauth_callback_confirmed": "true",
    }
    return Answer(raw=urlencode(fields).encode())


def begun(trip: Trip, provider: Provider) -> RequestToken:
    provider.answer(trip.toolkit.request_token_url, pair(TOKEN, SECRET))
    found = trip.oauth1.begin(callback_url=CALLBACK, scopes=trip.config.requested_scopes)
    assert isinstance(found, RequestToken)
    return found


@each_trip("oauth1")
def test_a_request_token_is_asked_for_with_the_callback(trip: Trip, provider: Provider) -> None:
    found = begun(trip, provider)
    oauth = signed(provider.only_call(), token_secret="")
    assert (provider.only_call().method, oauth["oauth_callback"]) == ("POST", CALLBACK)
    assert (found.token, found.secret) == (Secret(TOKEN), Secret(SECRET))


@each_trip("oauth1")
def test_people_are_sent_to_the_page_with_the_request_token(trip: Trip, provider: Provider) -> None:
    url, kit = begun(trip, provider).url, trip.toolkit
    expected = {"oauth_token": TOKEN} | kit.authorization_parameters
    if kit.default_scopes:
        expected[kit.scope_parameter] = kit.scope_separator.join(kit.default_scopes)
    assert address(url) == address(kit.authorization_url)
    fixed = parse_qs(urlsplit(kit.authorization_url).query)
    assert dict(parse_qsl(urlsplit(url).query)).items() >= expected.items()
    assert len(parse_qsl(urlsplit(url).query)) == len(expected) + len(fixed)
    assert SECRET not in url


def exchanged(trip: Trip, provider: Provider, answer: Answer) -> Granted | Refused:
    provider.answer(trip.toolkit.token_url, answer)
    return trip.oauth1.exchange_verifier(
        token=Secret(TOKEN), token_secret=Secret(SECRET), verifier=Secret(VERIFIER)
    )


@each_trip("oauth1")
def test_a_verifier_is_traded_for_the_grants_token(trip: Trip, provider: Provider) -> None:
    verdict = exchanged(trip, provider, pair(ACCESS_TOKEN, TOKEN_SECRET))
    oauth = signed(provider.only_call(), token_secret=SECRET)
    assert (oauth["oauth_token"], oauth["oauth_verifier"]) == (TOKEN, VERIFIER)
    assert isinstance(verdict, Granted)
    assert verdict.tokens.parts() == {"access_token": ACCESS_TOKEN, "token_secret": TOKEN_SECRET}
    assert (verdict.tokens.expires_in, verdict.tokens.refresh_token) == (math.inf, None)


@each_trip("oauth1")
def test_the_identity_call_is_signed_with_both_secrets(trip: Trip, provider: Provider) -> None:
    tokens = obtain(trip, provider)
    provider.know(trip.toolkit)
    assert trip.client.identify(tokens=tokens) is not None
    request = provider.only_call()
    assert signed(request, token_secret=TOKEN_SECRET)["oauth_token"] == ACCESS_TOKEN
    for secret in (TOKEN_SECRET, CLIENT_SECRET):
        assert secret not in f"{request.headers} {request.raw_query} {request.body!r}"


@each_trip("oauth1")
def test_a_refusal_is_the_clients_fault_and_an_outage_nobodys(
    trip: Trip, provider: Provider
) -> None:
    kinds = [(401, RefusalKind.CONFIGURATION), (503, RefusalKind.TRANSIENT)]
    for number, (status, kind) in enumerate(kinds, start=1):
        verdict = exchanged(trip, provider, refusing(status, {}))
        assert isinstance(verdict, Refused)
        assert (verdict.kind, len(provider.requests)) == (kind, number)
    page = exchanged(trip, provider, HTML)
    assert isinstance(page, Refused)
    assert page.error_code == "malformed_token"
