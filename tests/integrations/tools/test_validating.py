"""What does not fit is told in plain words."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.tools.errors import InvalidToolInput
from integrations.tools.validating import validate_inputs
from tests.integrations.tools.samples import TEXT, make_tool, problems_of


def problems(schema: dict[str, Any], value: Any) -> dict[str, str]:
    tool = make_tool(properties={"a": schema})
    with pytest.raises(InvalidToolInput) as caught:
        validate_inputs(tool, {"a": value})
    return problems_of(caught.value)


@pytest.mark.parametrize(
    ("schema", "value", "problem"),
    [
        (TEXT, 1, "must be a text"),
        ({"type": "integer"}, "1", "must be a whole number"),
        ({"type": "integer"}, True, "must be a whole number"),
        ({"type": ["string", "null"]}, 1, "must be a text or null"),
        ({"enum": ["open", "closed"]}, "x", 'must be one of "open", "closed"'),
        ({"const": 1}, 2, "must be one of 1"),
        ({"type": "string", "minLength": 1}, "", "must have at least 1 characters"),
        ({"type": "string", "maxLength": 1}, "ab", "must have at most 1 characters"),
        ({"type": "string", "pattern": "^a+$"}, "b", "must have the form ^a+$"),
        ({"type": "integer", "minimum": 1}, 0, "must be at least 1"),
        ({"type": "integer", "exclusiveMaximum": 5}, 5, "must be less than 5"),
        ({"type": "array", "maxItems": 1}, [1, 2], "must have at most 1 items"),
        ({"type": "array", "uniqueItems": True}, [{"x": 1}, {"x": 1}], "same item twice"),
        ({"anyOf": [TEXT, {"type": "array"}]}, 1, "must be a text or a list"),
        ({"anyOf": [{"minLength": 2}, {"maxLength": 0}]}, "a", "fits none of the forms"),
        ({"not": {"type": "string"}}, "a", "has a form that is not allowed"),
    ],
)
def test_a_problem_is_told_in_words(schema: dict[str, Any], value: Any, problem: str) -> None:
    [(field, told)] = problems(schema, value).items()
    assert field == "a"
    assert problem in told


def test_what_is_missing_and_what_is_unknown_is_named() -> None:
    tool = make_tool(properties={"a": TEXT, "b": TEXT, "c": TEXT}, required=["a", "b"])
    with pytest.raises(InvalidToolInput) as caught:
        validate_inputs(tool, {"lables": [], "c": "x"})
    assert problems_of(caught.value) == {
        "a": "is required",
        "b": "is required",
        "lables": "is not known here",
    }
    assert caught.value.status == 400
    assert caught.value.code == "invalid_request"


def test_a_problem_deep_inside_has_its_path() -> None:
    item = {"type": "object", "properties": {"email": TEXT}, "required": ["email"]}
    found = problems({"type": "array", "items": item}, [{"email": "x"}, {"email": 1}, {}])
    assert found == {"a.1.email": "must be a text", "a.2.email": "is required"}


def test_values_are_not_repeated() -> None:
    tool = make_tool(properties={"a": {"type": "integer"}})
    with pytest.raises(InvalidToolInput) as caught:
        validate_inputs(tool, {"a": "canary"})
    assert "canary" not in f"{caught.value} {caught.value.details}"


def test_many_problems_are_told_in_part() -> None:
    assert len(problems({"type": "array", "items": TEXT}, list(range(500)))) == 20


def test_an_error_begins_with_the_first_problem() -> None:
    tool = make_tool(properties={"a": TEXT}, required=["a"])
    with pytest.raises(InvalidToolInput, match="do not fit the tool: a is required"):
        validate_inputs(tool, {})


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value",
    [nested(5000), [1] * 100_001, float("nan"), float("inf"), "\ud800", {1, 2}, b"x"],
    ids=["deep", "many", "nan", "infinite", "half a character", "set", "bytes"],
)
def test_what_is_no_json_or_too_much_is_refused(value: Any) -> None:
    assert list(problems({}, value)) == ["a"]


def test_a_long_text_fits_no_pattern_instead_of_taking_for_ever() -> None:
    assert problems({"pattern": "^a*b*c$"}, "a" * 100_000) == {"a": "must have the form ^a*b*c$"}


def test_a_default_is_filled_in_and_what_is_given_stays() -> None:
    tool = make_tool(properties={"a": {"default": 1}, "b": {"default": 2}, "c": {}})
    assert validate_inputs(tool, {"b": None}) == {"a": 1, "b": None}
