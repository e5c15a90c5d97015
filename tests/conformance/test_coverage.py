"""No toolkit is in the catalog that these tests do not run."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest

from integrations.catalog import all_toolkits
from tests.conformance.trips import Trip, all_trips

FOLDER = Path(__file__).parent
EVERY = {
    "test_an_auth_config_of_it_is_taken_and_every_address_is_whole",
    "test_credentials_prove_whose_account_it_is",
}
OAUTH2 = {
    "test_a_grant_is_given_proven_renewed_and_planned",
    "test_people_are_sent_to_the_consent_page_with_all_that_it_wants",
    "test_a_code_is_traded_in_the_shape_that_the_file_says",
    "test_a_refresh_is_sent_in_the_shape_that_the_file_says",
    "test_what_every_provider_means_is_judged_so_here_too",
    "test_an_outage_ends_nothing_whatever_it_says",
    "test_a_grant_ends_when_its_refresh_token_does",
}
OAUTH1 = {
    "test_a_verifier_is_traded_for_the_grants_token",
    "test_the_identity_call_is_signed_with_both_secrets",
}
FORM = {"test_a_form_refuses_what_no_header_may_carry"}
SENT = FORM | {"test_a_form_takes_what_fits"}
TRADED = FORM | {
    "test_a_key_is_traded_as_the_file_says",
    "test_a_key_renews_its_tokens_and_is_kept",
    "test_a_key_that_is_refused_is_the_persons_to_replace",
}
# What a toolkit has to pass, by the scheme that it offers.
NEEDED = {
    "oauth2": OAUTH2,
    "oauth1": OAUTH1,
    "api_key": SENT,
    "bearer": SENT,
    "basic": SENT,
    "no_auth": SENT,
    "client_credentials": TRADED,
    "service_account": TRADED,
}


@pytest.fixture
def runs(collected: list[pytest.Item]) -> dict[Trip, set[str]]:
    """Return the tests of this folder that are run by toolkit and scheme."""
    ours = [item for item in collected if item.path.parent == FOLDER]
    if {item.path for item in ours} != set(FOLDER.glob("test_*.py")):
        pytest.skip("only a part of the suite was asked for")
    found: dict[Trip, set[str]] = defaultdict(set)
    for item in ours:
        callspec = getattr(item, "callspec", None)
        if callspec is not None:
            found[callspec.params["trip"]].add(item.originalname)  # type: ignore[attr-defined]
    return found


def test_the_toolkits_run_are_the_catalog(runs: dict[Trip, set[str]]) -> None:
    assert set(runs) == set(all_trips())
    assert {trip.slug for trip in runs} == set(all_toolkits())
    for slug, toolkit in all_toolkits().items():
        assert {trip.scheme for trip in runs if trip.slug == slug} == set(toolkit.schemes)


def test_each_scheme_of_each_toolkit_passes_what_it_has_to(runs: dict[Trip, set[str]]) -> None:
    for trip, names in runs.items():
        missing = (EVERY | NEEDED[trip.scheme]) - names
        assert not missing, trip


def test_a_toolkit_that_can_be_asked_is_told_when_it_is_dead(runs: dict[Trip, set[str]]) -> None:
    for trip, names in runs.items():
        asked = "test_a_dead_answer_refuses_the_credentials" in names
        assert asked is (trip.catalog.identity is not None), trip
