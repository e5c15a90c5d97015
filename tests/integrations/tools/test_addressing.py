"""No input leads out of the path or to another host."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.tools.errors import InvalidToolInput
from integrations.tools.hosts import is_address, same_service
from tests.integrations.tools.samples import BASE, TEXT, call, make_tool, problems_of

ONE = make_tool(path="/things/{thing}/parts", properties={"thing": TEXT}, required=["thing"])
SEVERAL = make_tool(
    path="/files/{file}",
    properties={"file": TEXT},
    required=["file"],
    placement={"file": {"in": "path", "style": "segments"}},
)


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ("a b", "a%20b"),
        ("a/b", "a%2Fb"),
        ("a?b#c", "a%3Fb%23c"),
        ("a%2Fb", "a%252Fb"),
        ("@evil.example", "%40evil.example"),
        ("Sheet1!A1:B2", "Sheet1%21A1%3AB2"),
        ("ü", "%C3%BC"),
        ("...", "..."),
        ("a..b", "a..b"),
        ("//evil.example", "%2F%2Fevil.example"),
    ],
)
def test_a_value_is_quoted(value: str, path: str) -> None:
    assert call(ONE, thing=value).url == f"{BASE}/things/{path}/parts"


@pytest.mark.parametrize(
    "value",
    [
        "",
        ".",
        "..",
        "../admin",
        "a/../../admin",
        "..\\admin",
        "%2e%2e",
        "%2E%2E%2Fadmin",
        "%252e%252e%252fadmin",
        "..;/admin",
        "..;x",
        " .. ",
        "a\nb",
        "a\x00",
        "x" * 2001,
    ],
)
def test_a_value_that_could_climb_is_refused(value: str) -> None:
    for tool, name in ((ONE, "thing"), (SEVERAL, "file")):
        with pytest.raises(InvalidToolInput) as caught:
            call(tool, **{name: value})
        assert list(problems_of(caught.value)) == [name]


def test_a_value_of_several_segments_keeps_its_slashes() -> None:
    assert call(SEVERAL, file="src/a b.py").url == f"{BASE}/files/src/a%20b.py"


@pytest.mark.parametrize("value", ["/a", "a/", "a//b", "a/./b", "/"])
def test_segments_are_not_empty(value: str) -> None:
    with pytest.raises(InvalidToolInput):
        call(SEVERAL, file=value)


def test_values_do_not_climb_together() -> None:
    tool = make_tool(
        path="/things/{a}{b}/x", properties={"a": TEXT, "b": TEXT}, required=["a", "b"]
    )
    assert call(tool, a="x.", b="..y").url.endswith("/things/x...y/x")
    with pytest.raises(InvalidToolInput):
        call(tool, a=".", b=".")


def test_an_error_speaks_of_the_input_not_of_the_placeholder() -> None:
    tool = make_tool(
        path="/things/{p}",
        properties={"thing": TEXT},
        required=["thing"],
        placement={"thing": {"in": "path", "name": "p"}},
    )
    with pytest.raises(InvalidToolInput) as caught:
        call(tool, thing="..")
    assert list(problems_of(caught.value)) == ["thing"]


@given(st.text(max_size=30) | st.text(alphabet="./\\%2eE;@:#?", max_size=12))
def test_whatever_is_given_stays_below_its_place(value: str) -> None:
    for tool, name, start in ((ONE, "thing", "/v1/things/"), (SEVERAL, "file", "/v1/files/")):
        try:
            url = call(tool, **{name: value}).url
        except InvalidToolInput:
            continue
        parts = urlsplit(url)
        assert (parts.scheme, parts.netloc) == ("https", "api.acme.example")
        assert parts.path.startswith(start)
        assert not parts.query
        assert not parts.fragment
        assert not {".", ".."} & set(unquote(parts.path).replace("\\", "/").split("/"))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://gmail.googleapis.com", "https://www.googleapis.com/x", True),
        ("https://api.acme.com", "https://api.acme.com/v2", True),
        ("http://127.0.0.1:8001", "http://127.0.0.1:8001/x", True),
        ("http://127.0.0.1:8001", "http://127.0.0.1:8002", False),
        ("https://api.acme.com", "http://api.acme.com", False),
        ("https://api.acme.com", "https://acme.com.evil.example", False),
        ("https://acme.co.uk", "https://evil.co.uk", False),
        ("https://a.acme.co.uk", "https://b.acme.co.uk", True),
        ("https://one.herokuapp.com", "https://two.herokuapp.com", False),
        ("https://{shop}.myshopify.com", "https://evil.myshopify.com", False),
        ("https://10.0.0.1", "https://10.0.0.2", False),
        ("https://localhost", "https://otherhost", False),
    ],
)
def test_what_belongs_to_one_service(one: str, other: str, same: bool) -> None:
    assert same_service(one, other) is same
    assert same_service(other, one) is same


def test_an_address_names_nobody_and_no_query() -> None:
    assert is_address("https://api.acme.com/v1")
    assert not is_address("https://a:b@acme.com")
    assert not is_address("https://acme.com/?x")
    assert not is_address("https://[::1")
