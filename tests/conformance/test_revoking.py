"""How a grant is ended at its provider: by RFC 7009, by the file's own call, or not at all."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import quote, urlencode

from integrations.catalog import Revocation
from integrations.schemes import RefusalKind, TokenSet
from integrations.secrets import Secret
from tests.conformance.credentials import ACCESS_TOKEN, carried, filled, obtain, parts_of
from tests.conformance.provider import Provider, refusing
from tests.conformance.server import FORM, Request
from tests.conformance.token_requests import check_token_request
from tests.conformance.trips import CLIENT_ID, CLIENT_SECRET, Trip, each_trip
from tests.provider import Answer

BOTH = TokenSet(access_token=Secret(ACCESS_TOKEN), refresh_token=Secret("refresh-One1"))
ALONE = TokenSet(access_token=Secret(ACCESS_TOKEN))


def by_standard(trip: Trip) -> bool:
    return trip.catalog.revocation_url is not None


def by_description(trip: Trip) -> bool:
    return trip.catalog.revocation is not None


def takes_access_token(trip: Trip) -> bool:
    return described(trip).takes_access_token


def revocable(trip: Trip) -> bool:
    return by_standard(trip) or by_description(trip)


def described(trip: Trip) -> Revocation:
    assert trip.toolkit.revocation is not None
    return trip.toolkit.revocation


def values_of(tokens: TokenSet) -> dict[str, str]:
    renewed_by = tokens.refresh_token or tokens.access_token
    return {
        "access_token": tokens.access_token.reveal(),
        "refresh_token": renewed_by.reveal(),
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
    }


def address_of(trip: Trip) -> str:
    values = {name: quote(value, safe="") for name, value in values_of(BOTH).items()}
    return trip.toolkit.revocation_url or filled(described(trip).url, values)


@each_trip("oauth2", where=by_standard)
def test_the_token_is_revoked_as_rfc_7009_says(trip: Trip, provider: Provider) -> None:
    url = address_of(trip)
    # What a token request has besides is not for this one.
    bare = {"token_headers": {}, "token_parameters": {}, "token_request": "form"}
    toolkit = trip.toolkit.model_copy(update=bare)
    for tokens, token, hint in (
        (BOTH, "refresh-One1", "refresh_token"),
        (ALONE, ACCESS_TOKEN, "access_token"),
    ):
        provider.answer(url, Answer(raw=b""))
        assert trip.client.revoke(tokens=tokens) is None
        sent = {"token": token, "token_type_hint": hint}
        check_token_request(provider.requests[-1], toolkit, sent, url=url)


@each_trip("oauth2", "oauth1", where=by_description)
def test_the_grant_is_ended_as_the_file_says(trip: Trip, provider: Provider) -> None:
    call = described(trip)
    tokens = BOTH if trip.scheme == "oauth2" else obtain(trip, provider)
    provider.answer(address_of(trip), Answer(status=call.done_statuses[0], json={}))
    assert trip.client.revoke(tokens=tokens) is None
    request = provider.only_call()
    assert request.method == call.method
    expected = {name: filled(text, values_of(tokens)) for name, text in call.parameters.items()}
    assert sent_in(request, call) == expected
    assert {n.lower(): v for n, v in call.headers.items()}.items() <= request.headers.items()
    check_proof(trip, call, request)


def sent_in(request: Request, call: Revocation) -> Any:
    """Return the parameters, asserting that they are where the file says and nowhere else."""
    if call.body == "query":
        assert request.body == b""
        return dict(request.query)
    assert request.query == []
    if call.body == "json":
        return json.loads(request.body)
    if request.body:
        assert request.headers["content-type"] == FORM
    return request.fields if request.body else {}


def check_proof(trip: Trip, call: Revocation, request: Request) -> None:
    if call.auth == "client":
        pair = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        assert request.headers["authorization"] == f"Basic {pair}"
    elif call.auth == "client_secret":
        pair = base64.b64encode(f"{CLIENT_SECRET}:".encode()).decode()
        assert request.headers["authorization"] == f"Basic {pair}"
    elif call.auth == "token" and trip.scheme == "oauth2":
        assert carried(trip.toolkit.apply, parts_of(trip)).items() <= request.headers.items()
    elif call.auth == "none":
        assert "authorization" not in request.headers
        assert ACCESS_TOKEN not in urlencode(list(request.headers.items()))


@each_trip("oauth2", "oauth1", where=by_description)
def test_each_done_status_confirms(trip: Trip, provider: Provider) -> None:
    tokens = BOTH if trip.scheme == "oauth2" else obtain(trip, provider)
    for status in described(trip).done_statuses:
        provider.answer(address_of(trip), Answer(status=status, raw=b""))
        assert trip.client.revoke(tokens=tokens) is None, status


@each_trip("oauth2", "oauth1", where=revocable)
def test_an_outage_confirms_nothing(trip: Trip, provider: Provider) -> None:
    tokens = BOTH if trip.scheme == "oauth2" else obtain(trip, provider)
    for status in (429, 500, 503):
        provider.answer(address_of(trip), refusing(status, {}))
        refused = trip.client.revoke(tokens=tokens)
        assert refused is not None, status
        assert refused.kind is RefusalKind.TRANSIENT, status


@each_trip("oauth2", where=lambda trip: by_standard(trip) and "error" in trip.toolkit.error_path)
def test_a_token_that_is_none_any_more_is_over(trip: Trip, provider: Provider) -> None:
    provider.answer(address_of(trip), refusing(400, {"error": "invalid_token"}))
    assert trip.client.revoke(tokens=BOTH) is None


@each_trip("oauth2", where=lambda trip: by_description(trip) and takes_access_token(trip))
def test_a_grant_outlives_its_access_token(trip: Trip, provider: Provider) -> None:
    provider.answer(address_of(trip), refusing(400, {"error": "invalid_token"}))
    refused = trip.client.revoke(tokens=BOTH)
    assert refused is not None
    assert refused.token_doubted


@each_trip("oauth2", "oauth1", where=lambda trip: not revocable(trip))
def test_where_nothing_ends_a_grant_it_is_said_so(trip: Trip, provider: Provider) -> None:
    refused = trip.client.revoke(tokens=obtain(trip, provider))
    assert refused is not None
    assert refused.error_code == "revocation_unsupported"
    assert provider.requests == []
