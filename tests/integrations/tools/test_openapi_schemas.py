"""Schemas of a document become the dialect of inputs."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integrations.tools.samples import TEXT, body, converted, only_tool


def translated(schema: Any, **rest: Any) -> Any:
    """Return what becomes of ``schema`` as a field of a body."""
    whole = {"type": "object", "properties": {"a": schema}}
    return only_tool({"/t": body(whole)}, **rest).properties["a"]


def lost(schema: Any, **rest: Any) -> list[str]:
    whole = {"type": "object", "properties": {"a": schema}}
    return [note.what for note in converted({"/t": body(whole)}, **rest).report.lost]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"type": "string", "nullable": True}, {"type": ["string", "null"]}),
        ({"type": ["string", "null"]}, {"type": ["string", "null"]}),
        (
            {"type": "string", "nullable": True, "enum": ["a"]},
            {"type": ["string", "null"], "enum": ["a", None]},
        ),
        ({"minimum": 1, "exclusiveMinimum": True}, {"exclusiveMinimum": 1}),
        ({"minimum": 1, "exclusiveMinimum": False}, {"minimum": 1}),
        ({"exclusiveMaximum": 5}, {"exclusiveMaximum": 5}),
        ({"type": "file"}, {}),
        ({"minLength": -1, "maxLength": "x", "minimum": True}, {}),
        ({"example": "x", "xml": {}, "title": "T", "x-own": 1, "discriminator": {}}, {}),
        ({"additionalProperties": False, "type": "object"},) * 2,
        ({"type": "array", "items": [TEXT]}, {"type": "array"}),
        (True, {}),
        (False, {"not": {}}),
        ("text", {}),
        ({"allOf": [TEXT]}, {"type": "string"}),
        ({"pattern": "^a+$"}, {"pattern": "^a+$"}),
        ({"pattern": "^-?[0-9]+([.][0-9]+)?%?$"},) * 2,
        ({"format": "date-time", "const": 1}, {"format": "date-time", "const": 1}),
    ],
)
def test_a_schema_is_said_in_the_dialect(given: Any, expected: Any) -> None:
    assert translated(given) == expected


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"pattern": "(a+)+$"}, "a pattern that may take too long, or is none here"),
        ({"patternProperties": {}}, "the keyword patternProperties"),
        ({"if": {}}, "the keyword if"),
        ({"enum": [{"a": 1}]}, "a list of choices that is too long, or not of plain values"),
        ({"enum": ["x"] * 501}, "a list of choices that is too long, or not of plain values"),
        ({"$ref": "other.yaml#/x"}, "a reference out of the document: other.yaml#/x"),
        (
            {"$ref": "https://evil.example/x"},
            "a reference out of the document: https://evil.example/x",
        ),
        (
            {"$ref": "#/components/schemas/Gone"},
            "a reference to nothing: #/components/schemas/Gone",
        ),
        ({"properties": {"a\nb\x00": {}}}, "a field whose name is no plain text"),
    ],
)
def test_what_cannot_be_said_is_told(given: Any, told: str) -> None:
    assert lost(given) == [told]


def test_what_is_read_only_is_no_input() -> None:
    schema: dict[str, Any] = {"type": "object", "required": ["id", "name"]}
    schema["properties"] = {"id": TEXT | {"readOnly": True}, "name": TEXT}
    assert translated(schema) == {
        "type": "object",
        "required": ["name"],
        "properties": {"name": TEXT},
    }


def test_plain_objects_of_an_all_of_are_made_one() -> None:
    parts = [
        {"type": "object", "properties": {"a": TEXT}, "required": ["a"]},
        {"$ref": "#/components/schemas/Named"},
    ]
    components = {"schemas": {"Named": {"properties": {"name": TEXT}, "description": "It."}}}
    assert translated({"allOf": parts}, components=components) == {
        "type": "object",
        "properties": {"a": TEXT, "name": TEXT},
        "required": ["a"],
        "description": "It.",
    }
    tool = only_tool({"/t": body({"allOf": parts})}, components=components)
    assert list(tool.properties) == ["a", "name"]


def test_a_reference_is_replaced_by_what_it_refers_to() -> None:
    components = {
        "schemas": {"A": {"$ref": "#/components/schemas/B~1C%20d"}, "B/C d": {"type": "integer"}}
    }
    assert translated({"$ref": "#/components/schemas/A"}, components=components) == {
        "type": "integer"
    }


def test_a_description_beside_a_reference_counts_more() -> None:
    components = {"schemas": {"A": TEXT | {"description": "Any."}}}
    given = {"$ref": "#/components/schemas/A", "description": "This."}
    assert translated(given, components=components)["description"] == "This."


def test_a_schema_within_itself_is_cut_and_told() -> None:
    folder: dict[str, Any] = {"type": "object", "properties": {"name": TEXT}}
    folder["properties"] |= {"inner": {"$ref": "#/components/schemas/Folder"}}
    components = {"schemas": {"Folder": folder}}
    given = {"$ref": "#/components/schemas/Folder"}
    assert translated(given, components=components)["properties"] == {"name": TEXT, "inner": {}}
    assert lost(given, components=components) == [
        "a schema within itself is cut: #/components/schemas/Folder"
    ]


def test_a_reference_in_a_circle_is_told() -> None:
    components = {
        "schemas": {
            "A": {"$ref": "#/components/schemas/B"},
            "B": {"$ref": "#/components/schemas/A"},
        }
    }
    [told] = lost({"$ref": "#/components/schemas/A"}, components=components)
    assert told.startswith("a reference to itself")


def test_parameters_bodies_and_paths_may_be_references() -> None:
    components = {
        "parameters": {"Q": {"name": "q", "in": "query", "schema": TEXT}},
        "requestBodies": {"B": body(TEXT)["post"]["requestBody"]},
        "pathItems": {
            "P": {
                "post": {
                    "parameters": [{"$ref": "#/components/parameters/Q"}],
                    "requestBody": {"$ref": "#/components/requestBodies/B"},
                }
            }
        },
    }
    paths = {"/a": {"$ref": "#/components/pathItems/P"}}
    tool = only_tool(paths, components=components, version="3.1.0")
    assert set(tool.properties) == {"q", "body"}
