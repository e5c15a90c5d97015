"""A tool and inputs become a request."""

from __future__ import annotations

import json
from typing import Any

import pytest

from integrations.tools.errors import InvalidToolInput, ToolHasNoAddress
from integrations.tools.requests import build_request
from tests.integrations.tools.samples import BASE, TEXT, call, make_tool, problems_of

NUMBER = {"type": "integer"}
MANY = {"type": "array", "items": TEXT}


def test_an_input_goes_where_its_name_and_the_method_say() -> None:
    properties = {"id": TEXT, "q": TEXT}
    get = make_tool(path="/things/{id}", properties=properties, required=["id"])
    request = call(get, id="7", q="a b&c")
    assert request.method == "GET"
    assert request.full_url == f"{BASE}/things/7?q=a+b%26c"
    assert request.content is None
    post = make_tool(path="/things/{id}", method="POST", properties=properties, required=["id"])
    request = call(post, id="7", q="ü")
    assert (request.url, request.query) == (f"{BASE}/things/7", ())
    assert request.content == '{"q":"ü"}'.encode()
    assert request.headers == {"Content-Type": "application/json"}


def test_a_pointer_makes_objects_and_lists_on_its_way() -> None:
    tool = make_tool(
        method="POST",
        properties={"row": MANY, "key": TEXT, "odd": TEXT},
        placement={
            "row": {"in": "body", "pointer": "/values/0"},
            "key": {"in": "body", "pointer": "/fields/project/key"},
            "odd": {"in": "body", "pointer": "/fields/a~1b~0c"},
        },
    )
    request = call(tool, row=["a"], key="K", odd="o")
    assert request.json == {"values": [["a"]], "fields": {"project": {"key": "K"}, "a/b~c": "o"}}


def test_a_body_may_be_one_input_as_a_whole() -> None:
    tool = make_tool(
        method="POST",
        properties={"fields": {"type": "object"}},
        placement={"fields": {"in": "body", "pointer": ""}},
    )
    assert call(tool, fields={"Name": "x"}).json == {"Name": "x"}


def test_what_is_fixed_is_sent_and_inputs_join_it() -> None:
    tool = make_tool(
        method="POST",
        path="/graphql",
        properties={"id": TEXT},
        placement={"id": {"in": "body", "pointer": "/variables/id"}},
        fixed=[
            {"in": "body", "pointer": "/query", "value": "query($id: ID) { x }"},
            {"in": "header", "name": "X-Version", "value": "2"},
            {"in": "query", "name": "all", "value": True},
        ],
    )
    request = call(tool, id="7")
    assert request.json == {"query": "query($id: ID) { x }", "variables": {"id": "7"}}
    assert request.headers["X-Version"] == "2"
    assert request.query == (("all", "true"),)


def test_nothing_of_a_call_stays_for_the_next() -> None:
    tool = make_tool(
        method="POST",
        properties={"id": TEXT},
        placement={"id": {"in": "body", "pointer": "/a/id"}},
        fixed=[{"in": "body", "pointer": "/b", "value": {"c": []}}],
    )
    first = call(tool, id="1").json
    first["b"]["c"].append("x")
    assert call(tool).json == {"b": {"c": []}}


@pytest.mark.parametrize(
    ("style", "value", "query"),
    [
        ("repeat", ["a", "b"], "t=a&t=b"),
        ("comma", ["a", "b"], "t=a%2Cb"),
        ("space", ["a", "b"], "t=a+b"),
        ("pipe", ["a", "b"], "t=a%7Cb"),
        ("brackets", ["a", "b"], "t%5B%5D=a&t%5B%5D=b"),
        ("indexed", [{"f": "x"}, {"f": "y"}], "t%5B0%5D%5Bf%5D=x&t%5B1%5D%5Bf%5D=y"),
        ("indexed", {"k": "v", "n": {"m": 1}}, "t%5Bk%5D=v&t%5Bn%5D%5Bm%5D=1"),
        ("json", {"k": [1]}, "t=%7B%22k%22%3A%5B1%5D%7D"),
        ("repeat", {"k": 1}, "t=%7B%22k%22%3A1%7D"),
        ("repeat", True, "t=true"),
        ("repeat", 1.5, "t=1.5"),
        ("repeat", [], ""),
        ("repeat", None, ""),
    ],
)
def test_a_value_becomes_text_by_its_style(style: str, value: Any, query: str) -> None:
    tool = make_tool(properties={"t": {}}, placement={"t": {"in": "query", "style": style}})
    assert call(tool, t=value).full_url.partition("?")[2] == query


def test_a_form_is_encoded_and_nests_by_its_style() -> None:
    tool = make_tool(
        method="POST",
        body="form",
        properties={"email": TEXT, "metadata": {"type": "object"}},
        placement={"metadata": {"in": "body", "style": "indexed"}},
    )
    request = call(tool, email="a@b.example", metadata={"plan": "pro"})
    assert request.form == (("email", "a@b.example"), ("metadata[plan]", "pro"))
    assert request.content == b"email=a%40b.example&metadata%5Bplan%5D=pro"
    assert request.headers == {"Content-Type": "application/x-www-form-urlencoded"}
    assert request.json is None


def test_a_raw_body_is_sent_as_it_is_with_its_media_type() -> None:
    tool = make_tool(
        method="PUT",
        body="raw",
        properties={"text": TEXT, "kind": {"type": "string", "default": "text/plain"}},
        placement={
            "text": {"in": "body", "pointer": ""},
            "kind": {"in": "header", "name": "Content-Type"},
        },
    )
    assert call(tool, text="a\nü").content == "a\nü".encode()
    assert call(tool, text="").headers == {"Content-Type": "text/plain"}
    assert call(tool, text="", kind="text/csv").headers == {"Content-Type": "text/csv"}


def test_a_body_of_optional_inputs_is_an_empty_object_without_them() -> None:
    tool = make_tool(method="POST", properties={"q": TEXT})
    assert call(tool).content == b"{}"
    assert call(make_tool(method="POST")).content is None


def test_a_delete_has_a_body_only_where_an_input_is_placed_there() -> None:
    tool = make_tool(
        method="DELETE",
        properties={"a": TEXT, "b": TEXT},
        placement={"b": {"in": "body"}},
    )
    request = call(tool, a="1", b="2")
    assert (request.query, request.json) == ((("a", "1"),), {"b": "2"})


def test_defaults_are_sent_where_nothing_is_given() -> None:
    tool = make_tool(
        path="/calendars/{id}", properties={"id": {"type": "string", "default": "primary"}}
    )
    assert call(tool).url.endswith("/calendars/primary")
    assert call(tool, id="x").url.endswith("/calendars/x")


@pytest.mark.parametrize("value", ["a\r\nX: y", "a\x00", "ü", " a", ""])
def test_a_header_takes_one_line_of_plain_text(value: str) -> None:
    tool = make_tool(
        properties={"etag": TEXT}, placement={"etag": {"in": "header", "name": "If-Match"}}
    )
    assert call(tool, etag='"7"').headers == {"If-Match": '"7"'}
    with pytest.raises(InvalidToolInput) as caught:
        call(tool, etag=value)
    assert list(problems_of(caught.value)) == ["etag"]


def test_a_tool_with_an_address_of_its_own_is_called_there() -> None:
    tool = make_tool(base_url="https://uploads.acme.example")
    assert call(tool).url == "https://uploads.acme.example/things"


@pytest.mark.parametrize(
    "base_url",
    [
        None,
        "",
        "{instance_url}",
        "https://{shop}.acme.example",
        "acme.example",
        "ftp://acme.example",
        "https://user@acme.example",
        "https://acme.example?x=1",
        "https://acme.example#x",
        "https://acme.example\\@evil.example",
        "https://acme.example:99999",
    ],
)
def test_without_a_whole_address_there_is_no_request(base_url: str | None) -> None:
    with pytest.raises(ToolHasNoAddress):
        build_request(make_tool(), {}, base_url)


def test_a_trailing_slash_of_the_base_url_does_not_count() -> None:
    assert call(make_tool(), base_url=f"{BASE}/").url == f"{BASE}/things"


def test_a_request_shows_no_inputs_in_its_text() -> None:
    request = call(make_tool(properties={"q": TEXT}), q="canary")
    assert "canary" not in repr(request)


def test_a_list_in_the_body_has_no_holes() -> None:
    tool = make_tool(
        method="POST",
        properties={"a": TEXT, "b": TEXT},
        placement={
            "a": {"in": "body", "pointer": "/l/0"},
            "b": {"in": "body", "pointer": "/l/1"},
        },
    )
    assert call(tool, a="1", b="2").json == {"l": ["1", "2"]}
    assert call(tool, a="1").json == {"l": ["1"]}


def test_json_is_compact_and_in_utf_8() -> None:
    tool = make_tool(method="POST", properties={"a": {}, "b": {}})
    content = call(tool, a=[1, None], b={"ü": 1.5}).content
    assert content == '{"a":[1,null],"b":{"ü":1.5}}'.encode()
    assert json.loads(content) == {"a": [1, None], "b": {"ü": 1.5}}
