"""How grants live and end, in words."""

from typing import Any

import pytest

from integrations.catalog import Toolkit, lifetimes

ACME = {
    "slug": "acme",
    "name": "Acme",
    "description": "A service.",
    "category": "sandbox",
    "authorization_url": "https://acme.example/authorize",
    "token_url": "https://acme.example/token",
}
KEYS = {"scheme": "bearer", "fields": [{"name": "access_token", "label": "Token"}]}
TRADED = {
    "scheme": "client_credentials",
    "fields": [{"name": "client_id", "label": "ID"}, {"name": "client_secret", "label": "Secret"}],
    "access_token_seconds": 7200,
}


def toolkit(**changes: Any) -> Toolkit:
    return Toolkit.model_validate(ACME | changes)


def key_toolkit(key: dict[str, Any]) -> Toolkit:
    return toolkit(authorization_url="", token_url="", keys=[key])


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (1, "1 second"),
        (60, "1 minute"),
        (90, "90 seconds"),
        (3599, "about 1 hour"),
        (3600, "1 hour"),
        (5400, "90 minutes"),
        (86_399, "about 1 day"),
        (86_400, "1 day"),
        (7_776_000, "90 days"),
        (31_536_000, "1 year"),
        (34_560_000, "about 1 year"),
        (157_680_000, "5 years"),
    ],
)
def test_a_length_of_time_is_told_as_people_say_it(seconds: int, words: str) -> None:
    assert lifetimes.in_words(seconds) == words


@pytest.mark.parametrize(
    ("life", "words"),
    [
        ({}, "only when it is revoked"),
        ({"idle_seconds": 7_776_000}, "unused for 90 days"),
        ({"absolute_seconds": 5_184_000}, "60 days after the last refresh"),
        (
            {"absolute_seconds": 31_536_000, "extended_by_refresh": False, "idle_seconds": 86_400},
            "unused for 1 day; 1 year after the consent",
        ),
        (
            {"testing_mode_seconds": 604_800},
            "7 days after the consent while the app is in testing",
        ),
    ],
)
def test_an_end_is_told_with_where_it_is_counted_from(life: dict[str, Any], words: str) -> None:
    assert lifetimes.ending(toolkit(refresh_token=life)) == words


def test_what_a_file_leaves_to_defaults_is_not_told_as_a_fact() -> None:
    bare = toolkit()
    told = {
        lifetimes.access_token_life(bare),
        lifetimes.rotation(bare),
        lifetimes.ending(bare),
        lifetimes.revocation(bare),
    }
    assert told == {lifetimes.UNTOLD}
    assert lifetimes.facts(bare) == "partly"


def test_a_grace_is_told_with_its_length() -> None:
    known = toolkit(rotation="rotates_with_grace", grace_seconds=600)
    unknown = toolkit(rotation="rotates_with_grace")
    assert lifetimes.rotation(known).endswith("spent after 10 minutes")
    assert lifetimes.rotation(unknown).endswith("spent after a grace")


def test_a_service_without_a_way_to_revoke_says_so() -> None:
    assert lifetimes.revocation(toolkit(revocation_url=None)) == "none there"


def test_a_key_has_no_lifecycle_and_what_it_is_traded_for_has_a_life() -> None:
    key, traded = key_toolkit(KEYS), key_toolkit(TRADED | {"token_url": "https://acme.example/t"})
    assert lifetimes.access_token_life(key) == lifetimes.NOTHING
    assert lifetimes.rotation(key) == lifetimes.ending(key) == lifetimes.NOTHING
    assert lifetimes.access_token_life(traded) == "2 hours"
