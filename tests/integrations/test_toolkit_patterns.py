"""What a connection parameter's pattern may let into a URL."""

import pytest

from integrations.catalog import all_toolkits
from integrations.catalog.patterns import delimiters_let_in


@pytest.mark.parametrize(
    "pattern",
    [
        "[a-z0-9-]+",
        r"^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.acme\.example$",
        r"(?:login|test)\.acme\.example|[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.my\.acme\.example",
        r"\w+(?P<end>-eu)?",
        r"[0-9]{1,25}|\d+",
        r"(a|b)\1",
        r"\x61\u0062[]a]",
    ],
)
def test_a_name_or_a_host_lets_nothing_in(pattern: str) -> None:
    assert delimiters_let_in(pattern) == ""


@pytest.mark.parametrize(
    ("pattern", "signs"),
    [
        (".+", "/\\@:#?"),
        (r"\S+", "/\\@:#?"),
        ("[^/]+", "\\@:#?"),
        ("[^/@:?#]+", "\\"),
        ("[a-z/]+", "/"),
        ("[!-/]+", "/#"),
        (r"[a-z]+\.example:443", ":"),
        (r"[a-z]+(?:\?x)?", "?"),
        (r"[a-z]+@[a-z]+", "@"),
        (r"[a-z]+\x2f", "/"),
        (r"a\\b", "\\"),
        ("[a-z#]*?", "#"),
        (r"(?:ok|.*)\.acme\.example", "/\\@:#?"),
        ("http://[a-z]+", "/:"),
    ],
)
def test_what_parts_a_url_is_found(pattern: str, signs: str) -> None:
    assert delimiters_let_in(pattern) == signs


@pytest.mark.parametrize(
    "pattern",
    [
        r"^https://[a-z0-9-]+\.acme\.example$",
        r"https://[a-z]+\.acme\.example:8443/v1/?",
        r"^https://acme\.example\/[a-z]+$",
    ],
)
def test_a_whole_address_spells_out_its_slashes_and_colons(pattern: str) -> None:
    assert delimiters_let_in(pattern) == ""


@pytest.mark.parametrize(
    ("pattern", "signs"),
    [
        (r"^https://.+\.acme\.example$", "/\\@:#?"),
        (r"^https://[^.]+\.acme\.example$", "/\\@:#?"),
        (r"https://[a-z/]+\.acme\.example", "/"),
        (r"https://x@acme\.example", "@"),
        (r"https://acme\.example|\S*", "/\\@:#?"),
    ],
)
def test_no_part_of_an_address_stands_for_another_host(pattern: str, signs: str) -> None:
    assert delimiters_let_in(pattern) == signs


def test_no_pattern_of_the_catalog_lets_a_call_go_elsewhere() -> None:
    patterns = [
        parameter.pattern
        for toolkit in all_toolkits().values()
        for parameter in toolkit.connection_parameters.values()
    ]
    assert len(patterns) > 20
    assert [pattern for pattern in patterns if delimiters_let_in(pattern)] == []
