"""A code is traded for tokens, once, in the toolkit's request shape and out of its answer's."""

from __future__ import annotations

import math
from typing import Any

from integrations.schemes import Granted, RefusalKind, Refused, Verdict
from integrations.secrets import Secret
from tests.conformance.bodies import token_answer
from tests.conformance.provider import HTML, Provider, refusing
from tests.conformance.token_requests import check_token_request, check_trade
from tests.conformance.trips import Trip, each_trip
from tests.provider import Answer

CODE = "c0de+/=One"
VERIFIER = "verifier-verifier-verifier-verifier-verifier"
REFRESH_TOKEN = "refresh-One1"


def exchange(trip: Trip) -> Verdict:
    return trip.oauth2.exchange_code(
        code=Secret(CODE),
        redirect_uri=trip.config.redirect_uri,
        code_verifier=Secret(VERIFIER) if trip.toolkit.pkce else None,
    )


def issued(trip: Trip, provider: Provider, **parts: Any) -> Granted:
    """Return the verdict on an answer with ``parts``."""
    provider.issue(trip.toolkit, told=trip.told, **parts)
    verdict = exchange(trip)
    assert isinstance(verdict, Granted), verdict
    return verdict


@each_trip("oauth2")
def test_a_code_is_traded_in_the_shape_that_the_file_says(trip: Trip, provider: Provider) -> None:
    issued(trip, provider)
    sent = {
        "grant_type": "authorization_code",
        "code": CODE,
        "redirect_uri": trip.config.redirect_uri,
    }
    sent |= {"code_verifier": VERIFIER} if trip.toolkit.pkce else {}
    toolkit = trip.toolkit
    check_token_request(provider.requests[0], toolkit, sent, url=toolkit.token_url)
    assert len(provider.requests) == (2 if toolkit.longer_token else 1)


@each_trip("oauth2", where=lambda trip: trip.catalog.longer_token is not None)
def test_what_a_code_brought_is_traded_for_a_longer_token(trip: Trip, provider: Provider) -> None:
    kit, trade = trip.toolkit, trip.toolkit.longer_token
    assert trade is not None
    first = Answer(json=token_answer(kit, access_token="short-One1", scope="read", expires_in=3600))
    longer = Answer(json=token_answer(kit, access_token="longer-Two2", expires_in=5_184_000))
    provider.answer(kit.token_url, first, longer)
    if trade.url != kit.token_url:
        provider.answer(trade.url, longer)
    verdict = exchange(trip)
    assert isinstance(verdict, Granted), verdict
    assert verdict.tokens.access_token == Secret("longer-Two2")
    assert (verdict.tokens.expires_in, verdict.tokens.scopes) == (5_184_000, ["read"])
    check_trade(provider.requests[-1], trade, access_token="short-One1")


@each_trip("oauth2", where=lambda trip: trip.catalog.longer_token is not None)
def test_without_the_longer_token_nothing_is_connected(trip: Trip, provider: Provider) -> None:
    kit, trade = trip.toolkit, trip.toolkit.longer_token
    assert trade is not None
    provider.answer(kit.token_url, Answer(json=token_answer(kit)), refusing(503, {}))
    if trade.url != kit.token_url:
        provider.answer(trade.url, refusing(503, {}))
    refused = exchange(trip)
    assert isinstance(refused, Refused)
    assert (refused.kind, len(provider.requests)) == (RefusalKind.TRANSIENT, 2)


@each_trip("oauth2")
def test_token_answers_are_read_whole_or_bare(trip: Trip, provider: Provider) -> None:
    parts = {"refresh_token": REFRESH_TOKEN, "expires_in": 1234, "scope": "read write:all"}
    tokens = issued(trip, provider, **parts).tokens
    assert tokens.access_token == Secret("access-One1")
    itself = trip.catalog.self_renewal is not None
    assert tokens.refresh_token == (tokens.access_token if itself else Secret(REFRESH_TOKEN))
    assert tokens.expires_in == 1234
    assert tokens.scopes == ["read", "write:all"]
    assert tokens.connection_values.items() >= _told_by_answer(trip).items()
    assert issued(trip, provider, scope="read,write:all").tokens.scopes == ["read", "write:all"]
    bare = issued(trip, provider, token_type=None).tokens
    assert (bare.expires_in, bare.scopes) == (None, None)
    assert bare.refresh_token == (bare.access_token if itself else None)


@each_trip("oauth2")
def test_every_token_type_of_the_file_is_taken_and_no_other(trip: Trip, provider: Provider) -> None:
    for name in trip.toolkit.token_types:
        issued(trip, provider, token_type=name.upper())
    provider.issue(trip.toolkit, token_type="dpop")
    refused = exchange(trip)
    assert isinstance(refused, Refused)
    assert refused.error_code == "malformed_token"


@each_trip("oauth2", where=lambda trip: trip.catalog.expires_in_zero_means_never)
def test_an_expires_in_of_zero_means_no_end(trip: Trip, provider: Provider) -> None:
    assert issued(trip, provider, expires_in=0).tokens.expires_in == math.inf


@each_trip("oauth2")
def test_a_code_is_never_sent_twice(trip: Trip, provider: Provider) -> None:
    lost = Answer(json=token_answer(trip.toolkit), cut=True)
    for number, answer in enumerate((refusing(503, {}), lost, HTML), start=1):
        provider.answer(trip.toolkit.token_url, answer)
        refused = exchange(trip)
        assert isinstance(refused, Refused)
        assert refused.kind is RefusalKind.TRANSIENT
        assert len(provider.requests) == number


def _told_by_answer(trip: Trip) -> dict[str, str]:
    parameters = trip.catalog.connection_parameters
    return {n: v for n, v in trip.told.items() if parameters[n].source == "token_response"}
