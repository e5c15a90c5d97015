"""Where people are sent to consent."""

from __future__ import annotations

import base64
import json
from urllib.parse import parse_qsl, urlsplit

from connections.connect.nonces import new_nonce, nonce_matches
from integrations.schemes import Granted
from integrations.secrets import Secret
from tests.conformance.provider import Provider, address
from tests.conformance.trips import CLIENT_ID, Trip, each_trip

STATE = "st+ate/&=~"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"  # RFC 7636, appendix B
# Whatever their files say.
WITHOUT_NONCE = {"linkedin", "quickbooks"}
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"  # the same


def sent_to(trip: Trip, *, nonce: str = "") -> str:
    """Return where a person is sent who sets out as the connect page has it."""
    return trip.oauth2.authorization_url(
        redirect_uri=trip.config.redirect_uri,
        scopes=trip.config.requested_scopes,
        state=STATE,
        code_verifier=Secret(VERIFIER) if trip.toolkit.pkce else None,
        nonce=nonce,
    )


def expected_query(trip: Trip) -> dict[str, str]:
    kit = trip.toolkit
    expected = dict(parse_qsl(urlsplit(kit.authorization_url).query, keep_blank_values=True)) | {
        "response_type": "code",
        kit.client_id_parameter: CLIENT_ID,
        kit.token_parameter_names.get("redirect_uri", "redirect_uri"): trip.config.redirect_uri,
        "state": STATE,
    }
    if kit.default_scopes:
        expected[kit.scope_parameter] = kit.scope_separator.join(kit.default_scopes)
    if kit.pkce:
        expected |= {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
    return expected | kit.authorization_parameters


@each_trip("oauth2")
def test_people_are_sent_to_the_consent_page_with_all_that_it_wants(trip: Trip) -> None:
    url = sent_to(trip)
    pairs = parse_qsl(urlsplit(url).query, keep_blank_values=True, strict_parsing=True)
    assert address(url) == address(trip.toolkit.authorization_url)
    assert url.startswith("https://")
    assert "{" not in url
    assert dict(pairs) == expected_query(trip)
    assert len(pairs) == len(dict(pairs)), "a parameter comes twice"
    assert VERIFIER not in url
    assert trip.config.client_secret.reveal()[:12] not in url


def is_openid(trip: Trip) -> bool:
    return "openid" in trip.catalog.default_scopes


@each_trip("oauth2", where=is_openid)
def test_a_nonce_goes_along_where_an_id_token_comes_back(trip: Trip) -> None:
    assert ("nonce", "n-0S6") in parse_qsl(urlsplit(sent_to(trip, nonce="n-0S6")).query)


def id_token(**claims: str) -> str:
    payload = base64.urlsafe_b64encode(json.dumps({"sub": "7"} | claims).encode()).rstrip(b"=")
    return f"e30.{payload.decode()}.x"


@each_trip("oauth2", where=is_openid)
def test_the_id_token_that_the_service_sends_is_taken(trip: Trip, provider: Provider) -> None:
    nonce = new_nonce(trip.toolkit, scopes=trip.config.requested_scopes)
    claims = {"nonce": nonce} if trip.slug not in WITHOUT_NONCE else {}
    provider.issue(trip.toolkit, told=trip.told, id_token=id_token(**claims))
    assert nonce_matches(brought(trip), nonce)


@each_trip("oauth2", where=lambda trip: is_openid(trip) and trip.catalog.nonce)
def test_an_id_token_of_another_request_is_refused(trip: Trip, provider: Provider) -> None:
    for claims in ({"nonce": "another"}, {}):
        provider.issue(trip.toolkit, told=trip.told, id_token=id_token(**claims))
        assert not nonce_matches(brought(trip), "n-0S6")


def brought(trip: Trip) -> Secret:
    """Return the ID token that a code brought."""
    verdict = trip.oauth2.exchange_code(
        code=Secret("c0de"), redirect_uri=trip.config.redirect_uri, code_verifier=None
    )
    assert isinstance(verdict, Granted)
    assert verdict.tokens.id_token is not None
    return verdict.tokens.id_token
