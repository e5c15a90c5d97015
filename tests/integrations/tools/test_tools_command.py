"""``manage.py tools``."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from integrations.models import AuthConfig, Project, Tool
from tests.integrations.tools.samples import TEXT, body, document


@pytest.fixture
def config(db: None) -> AuthConfig:
    return AuthConfig.objects.create(
        project=Project.objects.create(name="Acme"),
        name="C",
        toolkit="github",
        scheme="oauth2",
        client_id="c",
    )


@pytest.fixture
def openapi(tmp_path: Path) -> Path:
    note = {"type": "object", "properties": {"text": TEXT}}
    paths: dict[str, Any] = {
        "/notes": body(note) | {"get": {"operationId": "listNotes", "tags": ["notes"]}},
        "/files": body(note, "multipart/form-data"),
    }
    file = tmp_path / "notes.json"
    file.write_text(json.dumps(document(paths, servers=("https://api.github.com",))))
    return file


def run(*arguments: object) -> str:
    out = StringIO()
    call_command("tools", *map(str, arguments), stdout=out)
    return out.getvalue()


def test_those_that_ship_are_checked() -> None:
    assert "tools are as they should be" in run("check")


def test_tools_are_listed(config: AuthConfig) -> None:
    everything = run("list").splitlines()
    assert "github_create_issue  POST /repos/{owner}/{repo}/issues" in everything
    assert set(run("list", "--toolkit", "github").splitlines()) < set(everything)
    assert run("list", "--auth-config", config.pk) == run("list", "--toolkit", "github")


def test_a_document_is_imported_and_reported(config: AuthConfig, openapi: Path) -> None:
    text = run("import", "--openapi", openapi, "--auth-config", config.pk)
    assert "Acme 2.1: 3 operations, 0 filtered out, 2 tools." in text
    assert "a body of multipart/form-data: POST /files" in text
    assert "2 created, 0 replaced, 0 kept as they were." in text
    rows = {tool.name: tool for tool in Tool.objects.all()}
    assert set(rows) == {"github_list_notes", "github_post_notes"}
    assert (rows["github_list_notes"].source, rows["github_list_notes"].origin) == (
        "openapi",
        "Acme 2.1",
    )
    again = run("import", "--openapi", openapi, "--auth-config", config.pk)
    assert "0 created, 0 replaced, 2 kept as they were. `--replace`" in again


def test_filters_and_a_prefix_are_taken(config: AuthConfig, openapi: Path) -> None:
    options = ("--tag", "notes", "--method", "get", "--path", "/n*", "--operation", "list*")
    run("import", "--openapi", openapi, "--auth-config", config.pk, "--prefix", "own", *options)
    assert [tool.name for tool in Tool.objects.all()] == ["own_list_notes"]


def test_a_dry_run_stores_nothing_and_tells_programs(config: AuthConfig, openapi: Path) -> None:
    options = ("--auth-config", config.pk, "--dry-run", "--json")
    told = json.loads(run("import", "--openapi", openapi, *options))
    assert told["created"] == ["github_list_notes", "github_post_notes"]
    assert told["report"]["notes"][0]["operation"] == "POST /files"
    assert not Tool.objects.exists()


def test_a_file_of_ones_own_is_imported(config: AuthConfig, tmp_path: Path) -> None:
    file = tmp_path / "own.yaml"
    file.write_text("tools: [{name: own_list, description: Lists., path: /notes}]")
    assert "1 created" in run("import", "--file", file, "--auth-config", config.pk)
    assert Tool.objects.get().origin == "own.yaml"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("{", "neither JSON nor YAML"),
        ('{"swagger": "2.0"}', "Swagger 2.0"),
    ],
)
def test_what_cannot_be_read_is_told(
    config: AuthConfig, tmp_path: Path, content: str, why: str
) -> None:
    file = tmp_path / "x.json"
    file.write_text(content)
    with pytest.raises(CommandError, match=why):
        run("import", "--openapi", file, "--auth-config", config.pk)


def test_a_wrong_file_or_auth_config_is_told(config: AuthConfig, tmp_path: Path) -> None:
    file = tmp_path / "own.yaml"
    file.write_text(
        "tools: [{name: own_list, description: x, path: /n, base_url: 'https://evil.example'}]"
    )
    with pytest.raises(CommandError, match="not of the toolkit's service"):
        run("import", "--file", file, "--auth-config", config.pk)
    with pytest.raises(CommandError, match="There is no auth config"):
        run("import", "--file", file, "--auth-config", "ac_none")
    with pytest.raises(CommandError, match="No such file"):
        run("import", "--openapi", tmp_path / "none", "--auth-config", config.pk)
