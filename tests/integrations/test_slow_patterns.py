"""A project's own expressions are run on short texts only: one may take long and be allowed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from integrations.catalog import KeyField, KeyForm, Toolkit
from integrations.errors import InvalidInput
from integrations.schemes import IdentityUnavailable, TokenSet, from_person, from_provider
from integrations.schemes.keys import checked
from integrations.secrets import Secret
from integrations.tools.errors import InvalidToolInput
from integrations.tools.patterns import is_harmless, longest_text
from integrations.tools.validating import validate_inputs
from tests.integrations.tools.samples import make_tool
from tests.other_toolkits import API_KEY, toolkit_with

SLOW = "[a-z]?[a-z]?[a-z]*[a-z]*"
SITE = {"label": "Site", "pattern": SLOW}


def asking_for(**parameter: str) -> Toolkit:
    return toolkit_with(keys=[API_KEY], connection_parameters={"site": SITE | parameter})


@contextmanager
def at_once() -> Iterator[None]:
    """Assert that the block takes next to no time of the processor."""
    began = time.process_time()
    yield
    assert time.process_time() - began < 0.5


def test_a_description_may_hold_such_an_expression() -> None:
    assert is_harmless(f"^(?:{SLOW})")


def test_a_long_value_of_an_account_fits_nothing() -> None:
    parameter = asking_for().connection_parameters["site"]
    with at_once():
        assert not parameter.fits("a" * 60_000 + "!")
        assert not parameter.fits("a" * 300 + "!")
    assert parameter.fits("a" * 300)
    assert not parameter.fits("a" * 301)


def test_a_person_may_give_no_long_value() -> None:
    toolkit = asking_for()
    with at_once(), pytest.raises(InvalidInput):
        from_person(toolkit, {"site": "a" * 65_535 + "!"})


def test_a_provider_may_tell_no_long_value() -> None:
    toolkit = asking_for(source="token_response", path="site")
    tokens = TokenSet(access_token=Secret("x"), connection_values={"site": "a" * 900_000 + "!"})
    with at_once(), pytest.raises(IdentityUnavailable):
        from_provider(toolkit, redirect={}, tokens=tokens)


def test_a_long_key_only_has_to_be_what_a_header_takes() -> None:
    field = KeyField(name="api_key", label="API key", pattern=SLOW)
    form = KeyForm.model_validate(
        {"scheme": "bearer", "fields": [field], "apply": {"headers": {"X-Key": "{api_key}"}}}
    )
    long = "a" * 4000 + "!"
    with at_once():
        assert checked(form, {"api_key": long}) == {"api_key": long}
    for wrong in ("a" * 299 + "!", "a" * 4000 + "\u00e4", "a" * 4000 + "\n!"):
        with at_once(), pytest.raises(InvalidInput):
            checked(form, {"api_key": wrong})


@pytest.mark.parametrize("start", ["a?" * 6, "(?:a|aa|aaa|aaaa)" * 6, "(?:a|aa|aaa|aaaa)" * 2])
def test_the_longest_text_that_a_tools_expression_is_run_on_is_done_at_once(start: str) -> None:
    tool = make_tool(properties={"a": {"pattern": f"^{start}a*a*$"}})
    longest = longest_text(f"^{start}a*a*$") or 0
    for length in (longest, longest + 1, 1000):
        with at_once(), pytest.raises(InvalidToolInput):
            validate_inputs(tool, {"a": "a" * (length - 1) + "!"})
