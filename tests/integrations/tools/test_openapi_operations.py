"""Operations of an OpenAPI document become tools."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.tools.openapi import Filters, Options, convert
from tests.integrations.tools.samples import (
    BASE,
    TEXT,
    body,
    call,
    converted,
    document,
    left_out,
    only_tool,
)


def parameter(name: str, place: str, **rest: Any) -> dict[str, Any]:
    return {"name": name, "in": place, "schema": TEXT} | rest


def get(*parameters: dict[str, Any], **rest: Any) -> dict[str, Any]:
    return {"get": {"parameters": list(parameters)} | rest}


def lost(paths: dict[str, Any], **rest: Any) -> list[str]:
    return [note.what for note in converted(paths, **rest).report.lost]


def test_parameters_become_inputs_and_go_where_they_belong() -> None:
    tool = only_tool(
        {
            "/users/{user-id}": get(
                parameter("user-id", "path", required=True),
                parameter("q", "query", required=True, description="What to look for."),
                parameter("If-Match", "header"),
            )
        }
    )
    request = call(tool, user_id="7", q="x", **{"If-Match": '"1"'})
    assert request.full_url == f"{BASE}/users/7?q=x"
    assert request.headers == {"If-Match": '"1"'}
    assert tool.inputs["required"] == ["user_id", "q"]
    assert tool.properties["q"]["description"] == "What to look for."


@pytest.mark.parametrize(
    ("style", "query"),
    [
        ({}, "t=a&t=b"),
        ({"explode": False}, "t=a%2Cb"),
        ({"style": "spaceDelimited"}, "t=a+b"),
        ({"style": "pipeDelimited"}, "t=a%7Cb"),
        ({"style": "deepObject", "explode": True}, "t%5B0%5D=a&t%5B1%5D=b"),
        ({"content": {"application/json": {"schema": {}}}}, "t=%5B%22a%22%2C%22b%22%5D"),
    ],
)
def test_a_query_parameter_keeps_its_style(style: dict[str, Any], query: str) -> None:
    many = {"type": "array", "items": TEXT}
    tool = only_tool({"/a": get(parameter("t", "query", schema=many) | style)})
    assert call(tool, t=["a", "b"]).full_url.partition("?")[2] == query


def test_what_an_operation_says_of_a_parameter_counts_more_than_its_path() -> None:
    item = get(parameter("q", "query", required=True))
    item["parameters"] = [parameter("q", "query"), parameter("r", "query")]
    assert only_tool({"/a": item}).inputs["required"] == ["q"]


def test_parameters_of_one_name_in_two_places_are_two_inputs() -> None:
    paths = {"/a/{id}": get(parameter("id", "path", required=True), parameter("id", "query"))}
    request = call(only_tool(paths), id="1", query_id="2")
    assert request.full_url == f"{BASE}/a/1?id=2"


def test_odd_names_become_names_of_inputs_and_are_sent_as_they_are() -> None:
    paths = {"/a": get(parameter("filter[name]", "query"), parameter("$top", "query"))}
    request = call(only_tool(paths), filter_name="x", top="5")
    assert request.query == (("filter[name]", "x"), ("$top", "5"))


def test_headers_that_are_said_otherwise_are_no_inputs() -> None:
    accept = [parameter(name, "header") for name in ("Accept", "authorization", "Content-Type")]
    assert dict(only_tool({"/a": get(*accept)}).properties) == {}


@pytest.mark.parametrize(
    ("part", "why"),
    [
        (parameter("s", "cookie"), "a cookie: s"),
        (parameter("Host", "header"), "a header that tools may not set: Host"),
        (parameter("s", "query", style="tabs"), "the style tabs: s"),
        (parameter("s", "body"), "a parameter in a place that is not known: s"),
    ],
)
def test_what_cannot_be_sent_is_told_or_leaves_the_operation_out(
    part: dict[str, Any], why: str
) -> None:
    assert lost({"/a": get(part)}) == [why]
    assert left_out({"/a": get(part | {"required": True})}) == [f"{why}, which is required"]


@pytest.mark.parametrize(
    "path", ["/a/{b}", "/a?b=c", "/a#b", "/ä", "/a%20b", "/a//b", "/a/../b", "/a/{"]
)
def test_a_path_that_is_no_template_leaves_the_operation_out(path: str) -> None:
    assert len(left_out({path: get()})) == 1


def test_a_default_is_told_and_not_sent() -> None:
    paths = {"/a": get(parameter("n", "query", schema={"type": "integer", "default": 20}))}
    tool = only_tool(paths)
    assert tool.properties["n"] == {"type": "integer", "description": "Default: 20."}
    assert call(tool).query == ()


# --- Bodies --------------------------------------------------------------------------------------

NOTE = {
    "type": "object",
    "required": ["text"],
    "properties": {"text": TEXT, "tags": {"type": "array", "items": TEXT}},
}


def test_the_fields_of_a_json_body_become_inputs() -> None:
    tool = only_tool({"/notes": body(NOTE)})
    assert call(tool, text="x", tags=["a"]).json == {"text": "x", "tags": ["a"]}
    assert tool.inputs["required"] == ["text"]
    assert tool.annotations["destructiveHint"] is True


def test_a_field_named_like_a_parameter_is_an_input_of_its_own() -> None:
    item = body(NOTE)
    item["post"]["parameters"] = [parameter("text", "query")]
    request = call(only_tool({"/notes": item}), text="q", body_text="b")
    assert (request.query, request.json) == ((("text", "q"),), {"text": "b"})


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "array", "items": TEXT},
        {"oneOf": [NOTE, TEXT]},
        {"type": "object", "additionalProperties": TEXT},
        TEXT,
        {},
    ],
)
def test_any_other_json_body_is_one_input(schema: dict[str, Any]) -> None:
    tool = only_tool({"/notes": body(schema)})
    assert list(tool.properties) == ["body"]
    assert tool.placements["body"].pointer == ""


def test_a_form_keeps_the_styles_of_its_fields() -> None:
    schema = {"type": "object", "properties": {"email": TEXT, "metadata": {"type": "object"}}}
    encoding = {"metadata": {"style": "deepObject", "explode": True}}
    item = body(schema, "application/x-www-form-urlencoded", encoding=encoding)
    request = call(only_tool({"/c": item}), email="e", metadata={"k": "v"})
    assert request.content == b"email=e&metadata%5Bk%5D=v"


def test_a_text_body_is_sent_raw() -> None:
    request = call(only_tool({"/t": body(TEXT, "text/markdown")}), body="# x")
    assert (request.content, request.headers["Content-Type"]) == (
        b"# x",
        "text/markdown; charset=utf-8",
    )


def test_json_of_another_name_keeps_its_name() -> None:
    request = call(only_tool({"/t": body(NOTE, "application/vnd.api+json")}), text="x")
    assert request.headers == {"Content-Type": "application/vnd.api+json"}


@pytest.mark.parametrize(
    "kind", ["multipart/form-data", "application/octet-stream", "application/xml"]
)
def test_a_body_of_another_form_leaves_the_operation_out(kind: str) -> None:
    assert left_out({"/t": body(NOTE, kind)}) == [f"a body of {kind}"]


def test_of_several_forms_json_is_taken_and_the_others_are_told() -> None:
    item = body(NOTE, "multipart/form-data")
    item["post"]["requestBody"]["content"]["application/json"] = {"schema": NOTE}
    assert lost({"/t": item}) == ["other forms of the body: multipart/form-data"]


def test_a_body_that_may_be_left_out_makes_nothing_required() -> None:
    item = body(NOTE)
    item["post"]["requestBody"]["required"] = False
    conversion = converted({"/t": item})
    assert "required" not in conversion.tools[0].inputs
    assert len(conversion.report.lost) == 1


def test_one_of_several_fields_is_told_and_not_enforced() -> None:
    schema = NOTE | {"anyOf": [{"required": ["text"]}, {"required": ["tags"]}]}
    conversion = converted({"/t": body(schema)})
    assert set(conversion.tools[0].properties) == {"text", "tags"}
    assert conversion.report.lost[0].what == "that one of several fields has to be there"


def test_a_body_of_a_get_is_left_out() -> None:
    item = {"get": body(NOTE)["post"]}
    assert left_out({"/t": item}) == ["a body of a GET"]


# --- Names, filters, servers, scopes, answers ----------------------------------------------------


@pytest.mark.parametrize(
    ("operation_id", "name"),
    [
        ("listUsers", "acme_list_users"),
        ("issues/create-for-repo", "acme_issues_create_for_repo"),
        ("getHTTPLog", "acme_get_http_log"),
        ("acme_list", "acme_list"),
        ("Übersicht", "acme_ubersicht"),
        ("一覧", "acme_get_users_id"),
        ("", "acme_get_users_id"),
        ("x" * 100, "acme_" + "x" * 59),
    ],
)
def test_a_tool_is_named_by_the_operation(operation_id: str, name: str) -> None:
    paths = {"/users/{id}": get(parameter("id", "path", required=True), operationId=operation_id)}
    assert only_tool(paths).name == name


def test_names_are_different_and_do_not_depend_on_filters() -> None:
    paths = {f"/{letter}": get(operationId="list", tags=[letter]) for letter in "abc"}
    whole = converted(paths)
    assert [tool.name for tool in whole.tools] == ["acme_list", "acme_list_2", "acme_list_3"]
    options = Options(prefix="acme", base_url=BASE, filters=Filters(tags=("c",)))
    assert convert(document(paths), options).report.tools == ["acme_list_3"]


@pytest.mark.parametrize(
    ("filters", "paths"),
    [
        (Filters(tags=("notes", "x")), ["/notes", "/notes/new"]),
        (Filters(paths=("/notes*",)), ["/notes", "/notes/new"]),
        (Filters(methods=("POST",)), ["/notes/new"]),
        (Filters(operations=("list*",)), ["/notes", "/users"]),
        (Filters(operations=("list*",), tags=("notes",)), ["/notes"]),
        (Filters(), ["/notes", "/notes/new", "/users"]),
    ],
)
def test_filters_choose_operations(filters: Filters, paths: list[str]) -> None:
    given: dict[str, Any] = {
        "/notes": get(operationId="listNotes", tags=["notes"]),
        "/notes/new": {"post": {"operationId": "newNote", "tags": ["notes"]}},
        "/users": get(operationId="listUsers"),
    }
    conversion = convert(document(given), Options(prefix="acme", base_url=BASE, filters=filters))
    assert [tool.path for tool in conversion.tools] == paths
    assert conversion.report.filtered_out == 3 - len(paths)


@pytest.mark.parametrize(
    ("server", "base_url", "path"),
    [
        (BASE, None, "/a"),
        (f"{BASE}/", None, "/a"),
        (f"{BASE}/beta", None, "/beta/a"),
        ("https://api.acme.example", "https://api.acme.example", "/a"),
        ("https://uploads.acme.example/v3", "https://uploads.acme.example/v3", "/a"),
        ("/v1", None, "/a"),
        ("/", "https://api.acme.example", "/a"),
        ("/v2", "https://api.acme.example/v2", "/a"),
    ],
)
def test_a_server_of_the_same_service_is_called(
    server: str, base_url: str | None, path: str
) -> None:
    tool = only_tool({"/a": get()}, servers=(server,))
    assert (tool.base_url, tool.path) == (base_url, path)


def test_a_path_that_repeats_the_base_urls_path_is_below_it() -> None:
    tool = only_tool({"/v1/a": get()}, servers=("https://api.acme.example",))
    assert (tool.base_url, tool.path) == (None, "/a")


@pytest.mark.parametrize(
    "server", ["https://evil.example", "http://api.acme.example/v1", "ftp://x", "evil"]
)
def test_a_server_of_another_service_leaves_the_operation_out(server: str) -> None:
    [why] = left_out({"/a": get()}, servers=(server,))
    assert "not of the toolkit's service" in why


def test_servers_may_be_ignored_and_have_variables() -> None:
    paths = {"/a": get() | {"servers": [{"url": "https://evil.example"}]}}
    options = Options(prefix="acme", base_url=BASE, ignore_servers=True)
    assert convert(document(paths), options).tools[0].base_url is None
    variables = {"version": {"default": "v1"}}
    server = {"url": "https://api.acme.example/{version}", "variables": variables}
    assert only_tool({"/a": get() | {"servers": [server]}}).base_url is None


def test_below_a_base_url_with_placeholders_servers_do_not_count() -> None:
    options = Options(prefix="acme", base_url="https://{shop}.acme.example")
    made = convert(document({"/a": get()}, servers=("https://x.evil.example",)), options)
    assert made.tools[0].base_url is None


SCHEMES = {"o": {"type": "oauth2"}, "k": {"type": "apiKey"}}


@pytest.mark.parametrize(
    ("security", "scopes"),
    [
        ([{"o": ["a", "b"]}], [["a"], ["b"]]),
        ([{"o": ["a"]}, {"o": ["b"]}], [["a", "b"]]),
        ([{"o": ["a", "b"]}, {"o": ["c"]}], [["a"], ["b"]]),
        ([{"k": []}, {"o": ["a"]}], [["a"]]),
        ([{"k": ["x"]}], []),
        ([], []),
        (None, [["d"]]),
    ],
)
def test_scopes_are_those_of_oauth(security: Any, scopes: list[list[str]]) -> None:
    rest = {} if security is None else {"security": security}
    tool = only_tool(
        {"/a": get(**rest)},
        components={"securitySchemes": SCHEMES},
        security=[{"o": ["d"]}],
    )
    assert [list(choices) for choices in tool.scopes] == scopes


@pytest.mark.parametrize(
    ("schema", "items"),
    [
        ({"type": "array"}, ""),
        ({"properties": {"data": {"type": "array"}, "more": {}}}, "/data"),
        ({"properties": {"a": {"type": "array"}, "b": {"type": "array"}}}, None),
        ({"$ref": "#/nothing"}, None),
        (TEXT, None),
    ],
)
def test_the_one_list_of_an_answer_is_found(schema: dict[str, Any], items: str | None) -> None:
    responses = {200: {"content": {"application/json": {"schema": schema}}}}
    assert only_tool({"/a": get(responses=responses)}).output.items == items


def test_what_goes_in_the_other_direction_is_told() -> None:
    item: dict[str, Any] = {"post": {"callbacks": {"done": {}}}, "head": {}}
    report = converted({"/a": item}, version="3.1.0", webhooks={"x": {}}).report
    told = {note.what.partition(":")[0] for note in report.notes}
    assert told == {"webhooks", "callbacks", "HEAD is no call of a tool"}


def test_the_report_puts_together_what_was_left_out_for_one_reason() -> None:
    paths = {f"/f{number}": body(NOTE, "multipart/form-data") for number in range(7)}
    text = converted(paths | {"/a": get()}).report.as_text()
    assert text.startswith("Acme 2.1: 8 operations, 0 filtered out, 1 tools.")
    assert (
        "a body of multipart/form-data: POST /f0, POST /f1, POST /f2, POST /f3, POST /f4 and 2 more"
        in text
    )
    assert converted(paths).report.as_data()["notes"][0]["operation"] == "POST /f0"


def test_texts_become_title_and_description() -> None:
    paths = {"/a": get(summary="List", description="All.\x00 of them", deprecated=True)}
    tool = only_tool(paths)
    assert (tool.title, tool.description) == ("List", "Deprecated. List\n\nAll. of them")
    assert only_tool({"/a": get()}).description == "GET /a"
