"""What an account brings for the addresses: from its person or its provider, and only what fits."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from integrations.catalog import Toolkit, placeholders_in
from integrations.errors import InvalidInput
from integrations.models.auth_config import OAUTH_SCHEMES
from integrations.schemes import (
    Granted,
    IdentityUnavailable,
    TokenSet,
    from_person,
    from_provider,
)
from integrations.schemes.verdict import judge_answer
from tests.conformance.bodies import token_answer
from tests.conformance.credentials import carried, obtain, parts_of
from tests.conformance.provider import Provider
from tests.conformance.trips import Trip, each_trip
from tests.integrations.judging import answer as token_response

# Each would lead a call astray, or out of its path, if it came into an address.
HOSTILE = ("{}/..", "{}?a=b", "{}#", "{}\\", "x@{}", "{} b", "{}\r\nHost: evil.example", "{}\x00")
# What a key's address may name besides, filled in with each call.
OF_EACH_CALL = {"access_token", "refresh_token", "client_id"}


def asks_the_person(trip: Trip) -> bool:
    return any(p.source == "person" for p in trip.catalog.connection_parameters.values())


def asks_the_provider(trip: Trip) -> bool:
    parameters = trip.catalog.connection_parameters.values()
    return any(parameter.source not in {"person", "key"} for parameter in parameters)


def brings_with_a_key(trip: Trip) -> bool:
    return trip.scheme not in OAUTH_SCHEMES and bool(trip.catalog.connection_parameters)


@each_trip()
def test_an_auth_config_of_it_is_taken_and_every_address_is_whole(trip: Trip) -> None:
    trip.config.clean()
    fields = {field.name for form in trip.toolkit.keys for field in form.fields}
    for url in _own_addresses(trip.toolkit):
        assert placeholders_in(url) <= fields | OF_EACH_CALL, url
        parts = urlsplit(url)
        assert parts.scheme == "https", url
        assert parts.hostname, url


def _own_addresses(toolkit: Toolkit) -> Iterator[str]:
    """Yield the addresses that are used by one scheme; keys of other schemes have their own."""
    names = ("authorization_url", "token_url", "request_token_url", "refresh_url", "base_url")
    yield from filter(None, (getattr(toolkit, name) for name in (*names, "revocation_url")))
    yield from (part.url for part in (toolkit.identity, toolkit.revocation) if part)


@each_trip(where=asks_the_person)
def test_what_a_person_tells_is_taken_only_where_it_fits(trip: Trip) -> None:
    assert from_person(trip.catalog, trip.person) == trip.person
    for name, value in trip.person.items():
        for hostile in HOSTILE:
            with pytest.raises(InvalidInput) as caught:
                from_person(trip.catalog, trip.person | {name: hostile.format(value)})
            assert [field["field"] for field in caught.value.details["fields"]] == [name]


@each_trip(where=asks_the_person)
def test_what_a_person_does_not_tell_has_a_default_or_is_asked_for(trip: Trip) -> None:
    for name in trip.person:
        given = trip.person | {name: ""}
        default = trip.catalog.connection_parameters[name].default
        if default is not None:
            assert from_person(trip.catalog, given)[name] == default
        else:
            with pytest.raises(InvalidInput):
                from_person(trip.catalog, given)


def told_by_provider(trip: Trip, provider: Provider, told: dict[str, str]) -> dict[str, str]:
    """Return what is found where the provider tells ``told``, each value in its place."""
    toolkit = trip.catalog.with_connection(trip.person)
    parameters = toolkit.connection_parameters
    provider.tell(toolkit, told)
    redirect = {
        parameter.path or "": told[name]
        for name, parameter in parameters.items()
        if parameter.source == "redirect" and name in told
    }
    return from_provider(toolkit, redirect=redirect, tokens=_tokens(trip, told))


def _tokens(trip: Trip, told: dict[str, str]) -> TokenSet:
    verdict = judge_answer(token_response(200, token_answer(trip.catalog, told=told)), trip.catalog)
    assert isinstance(verdict, Granted)
    return verdict.tokens


@each_trip("oauth2", where=asks_the_provider)
def test_what_the_provider_tells_is_found_in_its_place(trip: Trip, provider: Provider) -> None:
    assert told_by_provider(trip, provider, trip.told) == trip.told
    for request in provider.requests:
        assert request.method == "GET"
        assert carried(trip.toolkit.apply, parts_of(trip)).items() <= request.headers.items()


@each_trip("oauth2", where=asks_the_provider)
def test_what_the_provider_tells_is_refused_where_it_does_not_fit(
    trip: Trip, provider: Provider
) -> None:
    for name, value in trip.told.items():
        for hostile in HOSTILE:
            with pytest.raises(IdentityUnavailable) as caught:
                told_by_provider(trip, provider, trip.told | {name: hostile.format(value)})
            assert caught.value.code == "connection_parameter_missing", name


@each_trip("oauth2", where=asks_the_provider)
def test_what_the_provider_does_not_tell_has_a_default_or_fails(
    trip: Trip, provider: Provider
) -> None:
    for name in trip.told:
        rest = {other: value for other, value in trip.told.items() if other != name}
        default = trip.catalog.connection_parameters[name].default
        if default is not None:
            assert told_by_provider(trip, provider, rest)[name] == default
        else:
            with pytest.raises(IdentityUnavailable):
                told_by_provider(trip, provider, rest)


@each_trip(where=brings_with_a_key)
def test_a_key_brings_everything_though_the_provider_tells_it_nothing(
    trip: Trip, provider: Provider
) -> None:
    tokens = obtain(trip, provider)
    given = from_person(trip.catalog, trip.fields | trip.person)
    known = trip.catalog.with_connection(given)
    # A call that is made for OAuth tokens may know no keys: it would be a stray, and fail.
    told = from_provider(known, redirect={}, tokens=tokens)
    assert given.keys() | told.keys() == trip.catalog.connection_parameters.keys()
    assert given.items() >= trip.person.items()
    assert provider.requests == []


@each_trip(where=brings_with_a_key)
def test_a_key_that_tells_what_does_not_fit_is_refused_at_its_field(trip: Trip) -> None:
    for parameter in trip.catalog.connection_parameters.values():
        if parameter.source == "key":
            for wrong in ("nothing", f"x{parameter.after}/..", f"x{parameter.after}"):
                with pytest.raises(InvalidInput) as caught:
                    from_person(trip.catalog, trip.fields | {parameter.path or "": wrong})
                [told] = caught.value.details["fields"]
                assert told["field"] == parameter.path
