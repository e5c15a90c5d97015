"""Keys that a person types in: the form, and what it refuses."""

from __future__ import annotations

import math

import pytest

from integrations.catalog import KeyField
from integrations.errors import InvalidInput
from integrations.models.auth_config import OAUTH_SCHEMES
from integrations.schemes import Granted
from integrations.secrets import Secret
from tests.conformance.provider import Provider
from tests.conformance.trips import Trip, each_trip

# No header may carry them (RFC 9110, 5.5); a key file's lines are not for a header.
UNSENDABLE = ("\r", "\n", "\x00", "\u00e9", "\u2713")


def is_key(trip: Trip) -> bool:
    return trip.scheme not in OAUTH_SCHEMES


def is_sent_as_it_is(trip: Trip) -> bool:
    return is_key(trip) and not trip.form.traded


def problems(trip: Trip, **changed: str) -> list[str]:
    """Return the fields that are at fault where some have other values; what was given stays."""
    with pytest.raises(InvalidInput) as caught:
        trip.keys.obtain(trip.fields | changed)
    told = f"{caught.value.details} {caught.value}"
    assert not any(value in told for value in changed.values() if value.strip())
    return [field["field"] for field in caught.value.details["fields"]]


@each_trip(where=is_sent_as_it_is)
def test_a_form_takes_what_fits(trip: Trip, provider: Provider) -> None:
    verdict = trip.keys.obtain(trip.fields)
    assert isinstance(verdict, Granted)
    tokens = verdict.tokens
    assert {name: part.reveal() for name, part in tokens.fields.items()} == trip.fields
    assert tokens.access_token == Secret(trip.fields.get(trip.form.main_field, ""))
    assert (tokens.refresh_token, tokens.expires_in) == (None, math.inf)
    assert provider.requests == []
    blanks = trip.keys.obtain({name: f" {value}\n" for name, value in trip.fields.items()})
    assert isinstance(blanks, Granted)
    assert blanks.tokens == tokens


@each_trip(where=is_key)
def test_a_form_refuses_what_is_missing_and_what_it_did_not_ask_for(trip: Trip) -> None:
    assert problems(trip, surprise="surprise-value") == ["surprise"]
    for field in trip.form.fields:
        if field.required:
            assert problems(trip, **{field.name: " "}) == [field.name]


@each_trip(where=is_key)
def test_a_form_refuses_what_no_header_may_carry(trip: Trip) -> None:
    for field in trip.form.fields:
        value = trip.fields[field.name]
        for character in unsendable(field):
            assert problems(trip, **{field.name: f"{value[:1]}{character}{value[1:]}"}) == [
                field.name
            ]


def unsendable(field: KeyField) -> tuple[str, ...]:
    return ("\x00",) if field.lines else UNSENDABLE


@each_trip("service_account")
def test_a_form_refuses_what_is_no_key_file(trip: Trip) -> None:
    for text in ("nothing of the kind", "[" * 5000, '{"client_email": "a@b.example"}'):
        assert problems(trip, key_file=text) == ["key_file"]
