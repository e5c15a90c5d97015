"""A definition that could not be called, or not safely, is refused."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from integrations.catalog.scopes import Scopes
from integrations.tools.patterns import is_harmless, longest_text
from tests.integrations.tools.samples import TEXT, make_tool

BODY = {"in": "body"}


@pytest.mark.parametrize("name", ["ab", "Acme", "1acme", "acme-do", "a" * 65, "acme\n", ""])
def test_a_name_is_lower_case_words(name: str) -> None:
    with pytest.raises(ValidationError):
        make_tool(name=name)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"typo": 1}, "Extra inputs"),
        ({"method": "TRACE"}, "method"),
        ({"description": ""}, "description"),
        ({"path": "things"}, "path"),
        ({"path": "/a?b=c"}, "path"),
        ({"path": "/a//b"}, "path"),
        ({"path": "/a/%2e%2e/b"}, "path"),
        ({"path": "/a/../b"}, "climbs"),
        ({"path": "/{a}"}, "placeholders"),
        ({"path": "/{a}/{a}", "properties": {"a": TEXT}, "required": ["a"]}, "once each"),
        ({"path": "/{a}", "properties": {"a": TEXT}}, "required or has a default"),
        ({"base_url": "https://u@acme.example"}, "not an address"),
        ({"base_url": "https://{shop}.example"}, "not an address"),
        ({"placement": {"a": BODY}}, "no inputs: a"),
        ({"paging": {"kind": "page", "input": "page"}}, "no inputs: page"),
        ({"properties": {"a": TEXT}, "placement": {"a": BODY}}, "GET has no body"),
        ({"fixed": [{"in": "query", "value": 1}]}, "name or a pointer"),
        ({"fixed": [{"in": "path", "name": "a", "value": 1}]}, "stands in the path"),
        ({"properties": {"a b": TEXT}}, "no name for an input"),
        ({"made": [{"encoder": "x", "from": ["a"], "in": "body"}]}, "no inputs: a"),
        ({"content_type": "a\r\nb: c/d"}, "content_type"),
        ({"scopes": [[]]}, "scopes"),
    ],
)
def test_a_mistake_is_found(fields: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        make_tool(**fields)


@pytest.mark.parametrize(
    ("placement", "told"),
    [
        ({"a": {"in": "body", "pointer": "x"}}, "pointer"),
        ({"a": {"in": "body", "pointer": "/x~2"}}, "pointer"),
        ({"a": {"in": "query", "pointer": "/x"}}, "for the body"),
        ({"a": {"in": "body", "pointer": "/x", "name": "y"}}, "instead of a name"),
        ({"a": {"in": "query", "style": "segments"}}, "no such style"),
        ({"a": {"in": "query", "name": "x\ny"}}, "control characters"),
        ({"a": BODY, "b": {"in": "body", "name": "a"}}, "two values in one place"),
        ({"a": BODY, "b": {"in": "body", "pointer": "/a/b"}}, "within another"),
        ({"a": BODY, "b": {"in": "body", "pointer": ""}}, "within another"),
    ],
)
def test_a_placement_that_contradicts_is_found(placement: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        make_tool(method="POST", properties={"a": TEXT, "b": TEXT}, placement=placement)


@pytest.mark.parametrize(
    "name",
    [
        "Authorization",
        "host",
        "Content-Length",
        "Cookie",
        "X-Forwarded-For",
        "Proxy-X",
        "a b",
        "a\r\nb",
    ],
)
def test_some_headers_are_not_for_a_tool_to_set(name: str) -> None:
    with pytest.raises(ValidationError):
        make_tool(properties={"a": TEXT}, placement={"a": {"in": "header", "name": name}})
    with pytest.raises(ValidationError):
        make_tool(fixed=[{"in": "header", "name": name, "value": "x"}])


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#/x"},
        {"$ref": "https://evil.example/schema"},
        {"items": {"$dynamicRef": "#x"}},
        {"properties": {"x": {"if": {}}}},
        {"anyOf": [{"patternProperties": {"a": {}}}]},
        {"type": "text"},
        {"items": "string"},
        {"pattern": "(a+)+$"},
        {"pattern": "["},
    ],
)
def test_inputs_use_the_dialect_only(schema: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        make_tool(properties={"a": schema})


def test_a_field_may_be_called_like_a_keyword() -> None:
    properties = {"type": "object", "properties": {"$ref": TEXT, "if": TEXT}}
    assert make_tool(properties={"a": properties}).properties == {"a": properties}


def test_inputs_are_neither_too_deep_nor_too_large() -> None:
    deep: dict[str, Any] = {}
    for _ in range(30):
        deep = {"items": deep}
    with pytest.raises(ValidationError, match="deeper"):
        make_tool(properties={"a": deep})
    with pytest.raises(ValidationError, match="more than"):
        make_tool(properties={f"a{number}": {} for number in range(3001)})


def test_inputs_take_nothing_unknown() -> None:
    assert make_tool().inputs == {"type": "object", "properties": {}, "additionalProperties": False}
    wrong: list[Any] = [{"additionalProperties": True}, {"type": "array"}, {"anyOf": []}, 5, None]
    for inputs in wrong:
        with pytest.raises(ValidationError):
            make_tool(inputs=inputs)


@pytest.mark.parametrize(
    ("pattern", "harmless"),
    [
        ("^[a-z]+$", True),
        ("^[0-9a-f]{8}-[0-9a-f]{4}$", True),
        ("^app[A-Za-z0-9]+$", True),
        ("^[a-z]+/[a-z]+$", True),
        ("^(?:abc|def)$", True),
        ("a?b", True),
        (r"^-?[0-9]+(?:\.[0-9]+)?$", True),
        ("^(?:[A-Z]{3},)+$", True),
        ("a?b?c?d?e?f?g", True),
        ("^[a-z]+a?b?c?", True),
        ("a?b?c?d*", False),
        ("(?:){4294967294}", False),
        (r"(?:\b){1000000}x", False),
        ("(?:a|){1000000}", False),
        ("(?:(?:){60000}){60000}", False),
        ("^" + "a?" * 30 + "a" * 30, False),
        ("^" + "(?:a|ab)" * 30, False),
        ("(a+)+$", False),
        ("(a|a)*$", False),
        ("(?:a?){40}a{40}", False),
        ("a*a*a*b", False),
        (".*.*x", False),
        (r"\b.*.*x", False),
        (r"(a)\1", False),
        ("(?=a)b", False),
        ("a" * 501, False),
        ("(", False),
        ("a{99999999999999999999}", False),
        ("(" * 400, False),
    ],
)
def test_only_patterns_that_end_soon_are_run(pattern: str, harmless: bool) -> None:
    assert is_harmless(pattern) is harmless


@pytest.mark.parametrize(
    ("pattern", "longest"),
    [
        ("^[a-z]+$", 1000),
        (r"^-?[0-9]+(\.[0-9]+)?%?$", 707),
        ("a?b?c?d*", 707),
        ("^" + "(?:a|ab|b)" * 6 + "[a-z]*[a-z]*$", 74),
        ("^" + "(?:a|bc|d)" * 6 + "[a-z]*[a-z]*$", 1000),
        ("^" + "(?i:aa|K.|b|\u212a.)" * 3 + "[a-z]*[a-z]*$", 250),
        ("^" + r"(?:\b|\B|^|$|a?|b?|c?|d?|e?|f?)" * 6, None),
        ("^" + "a?" * 7, None),
        ("^a*a*a*$", None),
        ("(a+)+$", None),
        ("[", None),
    ],
)
def test_the_more_ways_an_expression_has_the_shorter_the_texts_it_is_run_on(
    pattern: str, longest: int | None
) -> None:
    assert longest_text(pattern) == longest


def test_hints_follow_the_method_and_may_be_said_otherwise() -> None:
    def hints(**fields: Any) -> tuple[bool, bool, bool]:
        told = make_tool(**fields).annotations
        return told["readOnlyHint"], told["destructiveHint"], told["idempotentHint"]

    assert hints() == (True, False, True)
    assert hints(method="POST") == (False, False, False)
    assert hints(method="PATCH") == (False, True, False)
    assert hints(method="DELETE") == (False, True, True)
    assert hints(method="POST", read_only=True) == (True, False, True)
    assert hints(method="POST", destructive=True, idempotent=True) == (False, True, True)


def test_of_scopes_that_will_do_the_narrowest_is_missing() -> None:
    tool = make_tool(scopes=[["read", "write"], "profile"])
    known = Scopes(scope_implies={"all": ("profile",)})
    assert tool.missing_scopes([], toolkit=known) == ["read", "profile"]
    assert tool.missing_scopes(["write"], toolkit=known) == ["profile"]
    assert tool.missing_scopes(["read", "profile"], toolkit=known) == []
    assert tool.missing_scopes(["write", "all"], toolkit=known) == []


def test_a_definition_comes_back_from_json_as_it_was() -> None:
    tool = make_tool(
        method="POST",
        path="/things/{id}",
        properties={"id": TEXT, "to": TEXT, "page": {}},
        required=["id"],
        placement={"page": {"in": "query", "name": "p"}},
        made=[{"encoder": "notion_title", "from": ["to"], "in": "body", "pointer": "/t"}],
        fixed=[{"in": "header", "name": "X-A", "value": "1"}],
        paging={"kind": "link", "input": "page"},
        output={"items": "/x", "failed_if": {"/ok": False}},
        scopes=["a", ["b", "c"]],
    )
    assert type(tool).model_validate(tool.as_data()) == tool
    assert "in" in tool.as_data()["fixed"][0]


@pytest.mark.parametrize(
    "paging",
    [
        {"kind": "cursor", "input": "a"},
        {"kind": "cursor", "input": "a", "next": "/x", "last_item": "/id"},
        {"kind": "page", "input": "a", "next": "/x"},
        {"kind": "link", "input": "a", "last_item": "/x"},
        {"kind": "magic", "input": "a"},
    ],
)
def test_paging_says_where_the_next_page_stands(paging: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        make_tool(properties={"a": {}}, paging=paging)
