"""Where people are sent to consent."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

from integrations.secrets import Secret
from tests.conformance.provider import address
from tests.conformance.trips import CLIENT_ID, Trip, each_trip

STATE = "st+ate/&=~"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"  # RFC 7636, appendix B
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


@each_trip("oauth2", where=lambda trip: "openid" in trip.catalog.default_scopes)
def test_a_nonce_goes_along_where_an_id_token_comes_back(trip: Trip) -> None:
    assert ("nonce", "n-0S6") in parse_qsl(urlsplit(sent_to(trip, nonce="n-0S6")).query)
