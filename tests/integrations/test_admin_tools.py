"""Tools in the console: read, found, deleted; those that ship on the auth config's page."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils.html import escape

from integrations.admin.tool_marks import call_facts, inputs_of, kind_of, paging_text
from integrations.models import AuthConfig, Project, Tool
from integrations.models.tool import Source
from integrations.tools.catalog import shipped_tools
from integrations.tools.paging import Paging
from tests.console.staff import every_permission, member, signed_in
from tests.integrations.tools.samples import TEXT, make_tool

LIST = "/admin/integrations/tool/"


@pytest.fixture
def project(db: None) -> Project:
    return Project.objects.create(name="Acme")


@pytest.fixture
def config(project: Project) -> AuthConfig:
    return AuthConfig.objects.create(project=project, name="Code", toolkit="github", client_id="c")


@pytest.fixture
def client(project: Project) -> Client:
    return signed_in(member(project, permissions=every_permission()))


def store(config: AuthConfig, name: str = "acme_do", **fields: Any) -> Tool:
    return Tool.objects.create(
        project_id=config.project_id,
        auth_config=config,
        name=name,
        definition=make_tool(name=name, **fields).as_data(),
        source=Source.OPENAPI,
        origin="Acme 2.1",
    )


def page_of(tool: Tool) -> str:
    return f"{LIST}{tool.pk}/change/"


def found(client: Client, **query: str) -> list[str]:
    return sorted(row.name for row in client.get(LIST, query).context["cl"].result_list)


def test_the_list_tells_whose_a_tool_is_and_what_it_calls(
    client: Client, config: AuthConfig
) -> None:
    store(config, method="POST", path="/things", title="Do a thing")
    page = client.get(LIST).content.decode()
    for told in ("acme_do", "Do a thing", "POST", "/things", "Code", "GitHub", "Acme 2.1"):
        assert told in page


def test_tools_are_found_by_name_title_path_and_id(client: Client, config: AuthConfig) -> None:
    store(config)
    other = store(config, "acme_other", path="/others", title="Another name of it")
    for term in ("acme_other", "OTHERS", "name of", other.pk):
        assert found(client, q=term) == ["acme_other"], term


def test_the_list_is_narrowed_to_a_project_or_an_auth_config(
    client: Client, config: AuthConfig
) -> None:
    more = AuthConfig.objects.create(
        project=config.project, name="More", toolkit="github", client_id="c"
    )
    store(config)
    store(more, "acme_other")
    assert found(client, auth_config__id__exact=more.pk) == ["acme_other"]
    assert found(client, project__id__exact=config.project_id) == ["acme_do", "acme_other"]


def test_a_page_shows_the_schema_and_where_each_input_goes(
    client: Client, config: AuthConfig
) -> None:
    tool = store(
        config,
        method="POST",
        path="/things/{thing}",
        properties={"note": TEXT | {"description": "<b>Words</b>"}, "thing": TEXT, "as": TEXT},
        required=["thing"],
        placement={"as": {"in": "header", "name": "X-As"}},
        fixed=[{"in": "header", "name": "X-Key", "value": "told to nobody"}],
    )
    page = client.get(page_of(tool)).content.decode()
    for told in ("in the body", "in the path", "in the header X-As", "in the header X-Key"):
        assert told in page
    assert escape('  "required": [\n    "thing"\n  ]') in page
    assert "&lt;b&gt;Words" in page
    assert "told to nobody" not in page


def test_required_inputs_come_first_and_made_ones_say_of_what() -> None:
    made = {"in": "body", "name": "raw", "encoder": "email_message", "from": ["to", "cc"]}
    tool = make_tool(
        method="POST", properties={"cc": TEXT, "to": TEXT}, required=["to"], made=[made]
    )
    assert [(row.name, row.place) for row in inputs_of(tool)] == [
        ("to", "in the body at /raw, made by email_message"),
        ("cc", "in the body at /raw, made by email_message"),
    ]


def test_what_goes_into_the_path_is_told_in_its_order() -> None:
    names = ["b", "c", "a"]
    tool = make_tool(path="/{b}/{c}", properties=dict.fromkeys(names, TEXT), required=["c", "b"])
    assert [(row.name, row.required) for row in inputs_of(tool)] == [
        ("b", True),
        ("c", True),
        ("a", False),
    ]


def test_of_scopes_all_are_needed_and_of_several_any_one() -> None:
    facts = dict(call_facts(make_tool(scopes=[["repo", "public_repo"], "user"])))
    assert facts["Scopes"] == ["repo", "or public_repo", "and user"]


@pytest.mark.parametrize(
    ("placement", "told"),
    [
        ({"in": "body"}, "in the body"),
        ({"in": "body", "pointer": "/issue/a"}, "in the body at /issue/a"),
        ({"in": "body", "pointer": ""}, "as the whole body"),
        ({"in": "query", "name": "b", "style": "comma"}, "in the query as b, comma-separated"),
        ({"in": "query"}, "in the query"),
    ],
)
def test_a_place_is_told_in_words(placement: dict[str, Any], told: str) -> None:
    tool = make_tool(method="POST", properties={"a": TEXT}, placement={"a": placement})
    assert [row.place for row in inputs_of(tool)] == [told]


@pytest.mark.parametrize(
    ("schema", "told"),
    [
        (True, "anything"),
        ({}, "anything"),
        ({"type": ["string", "null"]}, "string or null"),
        ({"type": "array", "items": {"type": "integer"}}, "list of integer"),
        ({"type": ["array", "null"], "items": TEXT}, "list of string or null"),
        ({"anyOf": [TEXT, {"type": "array", "items": TEXT}]}, "string or list of string"),
        ({"enum": ["open", 1, None]}, "open or 1 or null"),
        ({"enum": list(range(9))}, "0 or 1 or 2 or 3 or 4 or 5 or others"),
    ],
)
def test_what_an_input_takes_is_told_in_words(schema: Any, told: str) -> None:
    assert kind_of(schema) == told


@pytest.mark.parametrize(
    ("paging", "told"),
    [
        ({"kind": "page", "start": 1, "size": "n"}, "p counts pages from 1; n says how many"),
        ({"kind": "offset"}, "p counts items from 0"),
        ({"kind": "cursor", "next": "/meta/next"}, "p takes /meta/next of the answer"),
        ({"kind": "cursor", "last_item": "/id", "more": "/more"}, "p takes /id of the last item; "),
        ({"kind": "link"}, "p takes its parameter from the Link header"),
    ],
)
def test_paging_is_told_in_words(paging: dict[str, Any], told: str) -> None:
    assert paging_text(Paging.model_validate({"input": "p"} | paging)).startswith(told)


def test_a_tool_that_this_version_cannot_read_is_shown_as_it_is(
    client: Client, config: AuthConfig
) -> None:
    tool = store(config)
    Tool.objects.update(definition={"name": "acme_do", "later": "unheard of"})
    page = client.get(page_of(tool)).content.decode()
    assert "cannot read it" in page
    assert "unheard of" in page


def test_a_tool_is_deleted_and_the_way_back_leads_to_the_list(
    client: Client, config: AuthConfig
) -> None:
    tool = store(config)
    asked = f"{LIST}{tool.pk}/do/delete/"
    assert "Where one that ships has the same name" in client.get(asked).content.decode()
    answer = client.post(asked, follow=True)
    assert (answer.status_code, answer.redirect_chain) == (200, [(LIST, 302)])
    assert not Tool.objects.exists()


def test_who_may_only_look_deletes_nothing(project: Project, config: AuthConfig) -> None:
    tool = store(config)
    browser = signed_in(member(project, permissions=("integrations.view_tool",)))
    assert "/do/delete/" not in browser.get(page_of(tool)).content.decode()
    assert browser.post(f"{LIST}{tool.pk}/do/delete/").status_code == 403
    assert browser.post(page_of(tool), {"name": "x"}).status_code == 403
    assert Tool.objects.exists()


def test_the_page_of_an_auth_config_lists_the_tools_that_ship_for_it(
    client: Client, config: AuthConfig
) -> None:
    page = client.get(f"/admin/integrations/authconfig/{config.pk}/change/").content.decode()
    tools = shipped_tools("github")
    assert f"{len(tools)} tools ship for GitHub" in page
    assert all(f">{name}</code>" in page for name in tools)


def test_the_sidebar_leads_to_the_tools_of_those_who_may_see_them(project: Project) -> None:
    link = f'href="{LIST}"'
    may = signed_in(member(project, permissions=("integrations.view_tool",)))
    may_not = signed_in(member(project, username="new"))
    assert link in may.get("/admin/").content.decode()
    assert link not in may_not.get("/admin/").content.decode()
