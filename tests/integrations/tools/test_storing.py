"""Tools of an auth config: stored, replaced, chosen, listed."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from integrations.models import AuthConfig, Project, Tool
from integrations.models.tool import Source
from integrations.tools.catalog import shipped_tools
from integrations.tools.choosing import tools_of
from integrations.tools.definition import ToolDefinition
from integrations.tools.errors import InvalidTool, UnknownTool
from integrations.tools.listing import find_tool, list_tools
from integrations.tools.storing import Stored, parse_tool, store_tools
from integrations.tools.validating import validate_inputs
from tests.integrations.tools.samples import TEXT, make_tool


def config_of(project: Project, toolkit: str = "github") -> AuthConfig:
    return AuthConfig.objects.create(
        project=project, name="C", toolkit=toolkit, scheme="oauth2", client_id="c"
    )


@pytest.fixture
def project(db: None) -> Project:
    return Project.objects.create(name="Acme")


@pytest.fixture
def config(project: Project) -> AuthConfig:
    return config_of(project)


def store(config: AuthConfig, *tools: ToolDefinition, **options: Any) -> Stored:
    return store_tools(auth_config=config, tools=tools, source=Source.FILE, **options)


def test_an_auth_config_has_the_tools_that_ship_and_its_own(config: AuthConfig) -> None:
    store(config, make_tool(name="acme_do"))
    found = tools_of(config)
    assert set(found) == {*shipped_tools("github"), "acme_do"}
    assert found["acme_do"] == make_tool(name="acme_do")
    assert set(tools_of(config_of(config.project))) == set(shipped_tools("github"))


def test_an_own_tool_takes_the_place_of_one_that_ships(config: AuthConfig) -> None:
    store(config, make_tool(name="github_get_issue", description="Ours."))
    assert tools_of(config)["github_get_issue"].description == "Ours."


def test_a_tool_of_the_same_name_is_kept_unless_it_is_to_be_replaced(config: AuthConfig) -> None:
    store(config, make_tool(description="Old."))
    new = make_tool(description="New.")
    assert store(config, new) == Stored(created=(), replaced=(), kept=("acme_do",))
    assert tools_of(config)["acme_do"].description == "Old."
    row = Tool.objects.get()
    assert store(config, new, replace=True).replaced == ("acme_do",)
    assert (Tool.objects.get().pk, Tool.objects.get().parsed) == (row.pk, new)


def test_a_dry_run_tells_and_stores_nothing(config: AuthConfig) -> None:
    store(config, make_tool(name="acme_one"))
    tools = [make_tool(name="acme_one", description="New."), make_tool(name="acme_two")]
    stored = store(config, *tools, replace=True, dry_run=True)
    assert (stored.created, stored.replaced) == (("acme_two",), ("acme_one",))
    assert Tool.objects.get().parsed.description == "Does."


def test_credentials_go_to_no_other_service(config: AuthConfig) -> None:
    fine = make_tool(name="acme_fine", base_url="https://uploads.github.com")
    evil = make_tool(base_url="https://evil.example")
    with pytest.raises(InvalidTool, match="not of the toolkit's service"):
        store(config, fine, evil)
    assert not Tool.objects.exists()
    store(config, fine)


def test_inputs_that_are_no_json_schema_are_refused(config: AuthConfig) -> None:
    with pytest.raises(InvalidTool, match=r"no JSON Schema at properties\.a\.minLength"):
        store(config, make_tool(properties={"a": {"minLength": "x"}}))


def test_an_auth_config_has_only_so_many(
    config: AuthConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("integrations.tools.storing.MOST_TOOLS", 1)
    store(config, make_tool())
    with pytest.raises(InvalidTool, match="at most 1"):
        store(config, make_tool(name="acme_other"))


def test_the_database_holds_a_name_once_for_each_auth_config(config: AuthConfig) -> None:
    store(config, make_tool())
    store(config_of(config.project), make_tool())
    row = Tool.objects.first()
    assert row is not None
    row.pk = "tl_other"
    row._state.adding = True
    with pytest.raises(IntegrityError), transaction.atomic():
        row.save()


def test_what_is_wrong_with_a_definition_is_told_by_field() -> None:
    with pytest.raises(InvalidTool) as caught:
        parse_tool({"name": "X", "description": "x", "path": "/x"})
    assert [found["field"] for found in caught.value.details["fields"]] == ["name"]


def names(project: Project, **query: Any) -> list[str]:
    """Return the names on all pages, taken two at a time."""
    found: list[str] = []
    cursor = ""
    while True:
        page = list_tools(project=project, cursor=cursor, limit=2, **query)
        assert len(page.items) <= 2
        found += [item.definition.name for item in page.items]
        if page.next_cursor is None:
            return found
        cursor = page.next_cursor


def test_a_list_has_own_tools_first_and_every_tool_once(config: AuthConfig) -> None:
    for letter in "abc":
        store(config, make_tool(name=f"acme_{letter}"))
    own = ["acme_c", "acme_b", "acme_a"]
    assert names(config.project, auth_config_id=config.pk) == own + sorted(shipped_tools("github"))
    assert names(config.project, toolkit="github") == own + sorted(shipped_tools("github"))
    assert names(config.project, toolkit="openai") == sorted(shipped_tools("openai"))
    assert names(config.project)[:3] == own
    assert len(names(config.project)) == len(set(names(config.project)))


def test_a_tool_that_an_own_one_replaces_is_not_listed_twice(config: AuthConfig) -> None:
    store(config, make_tool(name="github_get_issue"))
    listed = names(config.project, auth_config_id=config.pk)
    assert listed.count("github_get_issue") == 1
    assert listed[0] == "github_get_issue"


def test_nothing_of_another_project_is_listed_or_found(config: AuthConfig) -> None:
    store(config, make_tool())
    row = Tool.objects.get()
    stranger = Project.objects.create(name="Globex")
    assert names(stranger, auth_config_id=config.pk) == []
    assert "acme_do" not in names(stranger)
    for name in ("acme_do", row.pk, "nothing", "", "\x00", "x" * 500):
        with pytest.raises(UnknownTool):
            find_tool(project=stranger, name=name)


def test_a_tool_is_found_by_its_name_and_an_own_one_by_its_id(config: AuthConfig) -> None:
    store(config, make_tool(properties={"q": TEXT}))
    row = Tool.objects.get()
    for name in ("acme_do", row.pk):
        found = find_tool(project=config.project, name=name)
        assert (found.id, found.toolkit, found.auth_config_id) == (row.pk, "github", config.pk)
    assert find_tool(project=config.project, name="github_get_issue").id is None


def test_a_tool_whose_pattern_has_many_options_is_read_as_it_was_stored(config: AuthConfig) -> None:
    number = {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?%?$"}
    inputs = {"properties": {"share": number}}
    Tool.objects.create(
        project=config.project,
        auth_config=config,
        name="acme_do",
        definition=make_tool().as_data() | {"inputs": inputs},
        source=Source.OPENAPI,
    )
    tool = tools_of(config)["acme_do"]
    assert validate_inputs(tool, {"share": "-12.5%"}) == {"share": "-12.5%"}
