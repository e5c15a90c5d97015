"""The routes of tools."""

from __future__ import annotations

import pytest

from integrations.models import AuthConfig, Project
from integrations.models.tool import Source
from integrations.tools.storing import store_tools
from tests.api.calling import Caller, code_of, key_of
from tests.integrations.tools.samples import TEXT, make_tool


@pytest.fixture
def project(db: None) -> Project:
    return Project.objects.create(name="Acme")


@pytest.fixture
def reader(project: Project) -> Caller:
    return Caller(key_of(project, "read"))


def test_a_tool_is_shown_with_what_a_model_needs(reader: Caller) -> None:
    shown = reader("GET", "/tools/github_create_issue").json()
    assert shown["toolkit"] == "github"
    assert shown["auth_config_id"] is None
    assert shown["inputs"]["required"] == ["owner", "repo", "title"]
    assert shown["inputs"]["additionalProperties"] is False
    assert shown["scopes"] == [["public_repo", "repo"]]
    assert shown["annotations"]["readOnlyHint"] is False
    assert shown["placement"]["owner"]["in"] == "path"
    assert shown["placement"]["title"]["pointer"] == "/title"
    assert (shown["paging"], shown["items"]) == (None, None)


def test_tools_are_listed_by_toolkit_in_pages(reader: Caller) -> None:
    first = reader("GET", "/tools", query="toolkit=slack&limit=3").json()
    assert len(first["items"]) == 3
    rest = reader("GET", "/tools", query=f"toolkit=slack&cursor={first['next_cursor']}").json()
    assert rest["next_cursor"] is None
    names = [item["name"] for item in first["items"] + rest["items"]]
    assert names == sorted(set(names))
    assert all(name.startswith("slack_") for name in names)


def test_an_own_tool_is_listed_with_its_auth_config(reader: Caller, project: Project) -> None:
    config = AuthConfig.objects.create(
        project=project, name="C", toolkit="github", scheme="oauth2", client_id="c"
    )
    tool = make_tool(properties={"q": TEXT}, scopes=["a"])
    store_tools(auth_config=config, tools=[tool], source=Source.FILE)
    items = reader("GET", "/tools", query=f"auth_config_id={config.pk}").json()["items"]
    assert (items[0]["name"], items[0]["auth_config_id"]) == ("acme_do", config.pk)
    assert items[0]["id"].startswith("tl_")
    assert items[0] == reader("GET", f"/tools/{items[0]['id']}").json()


def test_an_unknown_tool_is_not_found(reader: Caller) -> None:
    for name in ("nothing", "NOTHING", "tl_0351AD6jhlWfuDEjgGgjG0", "%00"):
        assert code_of(reader("GET", f"/tools/{name}")) == (404, "not_found")
