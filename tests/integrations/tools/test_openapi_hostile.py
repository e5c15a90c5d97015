"""A document that means harm takes neither memory nor time, and breaks nothing."""

from __future__ import annotations

import json
import random
import time
from pathlib import Path
from typing import Any

import pytest

from integrations.tools.openapi import DocumentRefused, Options, convert, limits, read_document
from integrations.tools.openapi.reading import as_openapi, parse
from tests.integrations.tools.samples import BASE, TEXT, body, converted, document, left_out

SECONDS = 5.0


@pytest.fixture(autouse=True)
def _soon() -> Any:
    started = time.monotonic()
    yield
    assert time.monotonic() - started < SECONDS


def refused(text: str) -> str:
    with pytest.raises(DocumentRefused) as caught:
        as_openapi(parse(text))
    return str(caught.value)


def test_a_document_in_yaml_is_read_like_one_in_json(tmp_path: Path) -> None:
    file = tmp_path / "acme.yaml"
    file.write_text(
        "\ufeffopenapi: 3.1.0\ninfo: {title: Acme, version: 2020-01-01}\n"
        "paths:\n  /a: {get: {parameters: [{name: on, in: query, schema: {enum: [yes, no, 1]}}]}}\n"
    )
    read = read_document(file)
    assert read["info"]["version"] == "2020-01-01"
    [tool] = convert(read, Options(prefix="acme", base_url=BASE)).tools
    assert tool.properties["on"] == {"enum": ["yes", "no", 1]}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"swagger": "2.0"}', "Swagger 2.0 has to be converted"),
        ('{"openapi": "4.0.0", "paths": {}}', "OpenAPI 4.0.0"),
        ('{"openapi": "3.0.0"}', "no paths"),
        ("[]", "no OpenAPI"),
        ("", "no OpenAPI"),
        ("{", "neither JSON nor YAML"),
        ("a: b: c", "neither JSON nor YAML"),
        ("a: !!python/object:os.system x", "neither JSON nor YAML"),
        ('{"a":' * 100_000, "neither JSON nor YAML"),
        ("[" * 100_000, "deeper"),
        ("a: &a [1]\n" + "b: {<<: *a}", "merge keys"),
    ],
)
def test_what_is_no_document_is_refused(text: str, why: str) -> None:
    assert why in refused(text)


def test_a_document_that_is_too_large_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("integrations.tools.openapi.reading.MOST_BYTES", 1000)
    monkeypatch.setattr("integrations.tools.openapi.reading.MOST_VALUES", 100)
    file = tmp_path / "big.json"
    file.write_text(" " * 1001)
    with pytest.raises(DocumentRefused, match="larger than"):
        read_document(file)
    assert "values" in refused("{" + "[],[]," * 50 + "}")
    assert "100 values" in refused("- x\n" * 101)


def test_aliases_that_multiply_are_not_written_out() -> None:
    lines = ["a0: &a0 {type: string}"]
    for number in range(1, 12):
        fields = ", ".join(f"p{place}: *a{number - 1}" for place in range(9))
        lines.append(f"a{number}: &a{number} {{type: object, properties: {{{fields}}}}}")
    text = "\n".join(lines) + "\nopenapi: 3.0.0\npaths: {/a: {post: {requestBody: {required: true, "
    text += "content: {application/json: {schema: *a11}}}}}}\n"
    [tool] = convert(as_openapi(parse(text)), Options(prefix="acme", base_url=BASE)).tools
    assert len(json.dumps(tool.as_data())) <= limits.LARGEST_TOOL


def test_references_that_multiply_are_described_less_deeply() -> None:
    schemas: dict[str, Any] = {"S0": TEXT}
    for number in range(1, 30):
        below = {"$ref": f"#/components/schemas/S{number - 1}"}
        schemas[f"S{number}"] = {
            "type": "object",
            "properties": {f"p{place}": below for place in range(10)},
        }
    top = {"$ref": "#/components/schemas/S29"}
    conversion = converted({"/a": body(top)}, components={"schemas": schemas})
    [tool] = conversion.tools
    assert len(json.dumps(tool.as_data())) <= limits.LARGEST_TOOL
    assert "levels is not described" in conversion.report.lost[0].what


def test_inputs_that_are_too_many_leave_the_operation_out() -> None:
    wide = {"type": "object", "properties": {f"p{number}": {} for number in range(20_000)}}
    assert left_out({"/a": body(wide)}) == ["its inputs are too large"]
    many = [{"name": f"p{number}", "in": "query"} for number in range(300)]
    assert left_out({"/a": {"get": {"parameters": many}}}) == ["too many parameters"]


def test_the_whole_document_has_one_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("integrations.tools.openapi.limits.MOST_SCHEMAS_OF_ALL", 50)
    schema = {"type": "object", "properties": {f"p{number}": TEXT for number in range(20)}}
    conversion = converted({f"/{number}": body(schema) for number in range(10)})
    assert 0 < len(conversion.tools) < 10
    assert conversion.report.left_out[-1].what == "the document is too large: filter it"


def test_operations_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("integrations.tools.openapi.converting.MOST_OPERATIONS", 3)
    conversion = converted({f"/{number}": {"get": {}} for number in range(9)})
    assert len(conversion.tools) == 3
    assert conversion.report.left_out[0].what == "everything after 3 operations"


def test_long_texts_are_cut() -> None:
    item = {"get": {"summary": "x" * 10**6, "description": "y" * 10**6, "operationId": "z" * 10**6}}
    [tool] = converted({"/a": item}).tools
    assert len(json.dumps(tool.as_data())) < 4000
    assert left_out({"/" + "a" * 10**6: {"get": {}}}) == ["a path that is too long"]


JUNK: list[Any] = [None, True, -1, 1.5, float("nan"), "", "x", "\x00", "\ud800", [], {}, [[]]]
JUNK += [{"$ref": text} for text in ("#", "#/", "#/paths", "#/components/schemas/Note", "x", 5)]
KEYS: list[Any] = ["$ref", "", "\x00", 5, "in", "type", "schema"]


def mutated(value: Any, chance: random.Random) -> Any:
    """Return ``value`` with junk in some places."""
    if chance.random() < 0.03:
        return chance.choice(JUNK)
    if isinstance(value, dict):
        return {
            (key if chance.random() > 0.02 else chance.choice(KEYS)): mutated(below, chance)
            for key, below in value.items()
        }
    return [mutated(below, chance) for below in value] if isinstance(value, list) else value


def rich_document() -> dict[str, Any]:
    note: dict[str, Any] = {
        "type": "object",
        "required": ["text"],
        "properties": {"text": TEXT, "id": TEXT},
    }
    note["properties"] |= {"inner": {"$ref": "#/components/schemas/Note"}}
    listed = {"type": "array", "items": {"$ref": "#/components/schemas/Note"}}
    answer = {"200": {"content": {"application/json": {"schema": listed}}}}
    either = {"allOf": [note, {"oneOf": [TEXT, {"type": "integer", "minimum": 1, "enum": [1, 2]}]}]}
    read: dict[str, Any] = {
        "operationId": "read",
        "summary": "s",
        "tags": ["t"],
        "responses": answer,
    }
    read["parameters"] = [
        {"name": "id", "in": "path", "required": True, "schema": TEXT},
        {"name": "t", "in": "query", "style": "form", "explode": True, "schema": listed},
        {"name": "X-A", "in": "header", "content": {"application/json": {"schema": TEXT}}},
    ]
    read["security"] = [{"o": ["a", "b"]}]
    form = body(note, "application/x-www-form-urlencoded", encoding={"text": {"style": "form"}})
    paths = {
        "/notes/{id}": {"get": read, "servers": [{"url": "/v1", "variables": {}}]},
        "/notes": body(either),
        "/form": form,
    }
    components = {"schemas": {"Note": note}, "securitySchemes": {"o": {"type": "oauth2"}}}
    return document(paths, components=components, servers=(BASE,))


@pytest.mark.parametrize("seed", range(4))
def test_a_document_full_of_junk_is_converted_all_the_same(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - the same junk each time
    whole = rich_document()
    assert len(converted(whole["paths"], components=whole["components"]).tools) == 3
    for _ in range(100):
        paths = mutated(whole["paths"], chance)
        junk = whole | {
            "paths": paths if isinstance(paths, dict) else {},
            "components": mutated(whole["components"], chance),
        }
        conversion = convert(junk, Options(prefix="acme", base_url=BASE))
        for tool in conversion.tools:
            text = json.dumps(tool.as_data(), allow_nan=False)
            assert "\\u0000" not in text
            assert "\\ud800" not in text
