"""Nothing crosses projects: another project's id is answered like one that does not exist (44).

The walk finds every route by the OpenAPI document. A new parameter fails
`test_every_parameter_that_names_a_row_is_known` until `World.ids` can name a row for it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pytest
from django.apps import apps
from django.utils import timezone

from connections.actors import SYSTEM
from connections.models import BulkJob, Entity
from connections.portal.issuing import issue_portal_link
from integrations.ids import new_id
from integrations.models import ApiKey, AuthConfig, Project, ProjectScopedModel, Tool
from integrations.models.tool import Source
from integrations.tools.definition import ToolDefinition
from integrations.tools.storing import store_tools
from tests.api.calling import Caller
from tests.api.conftest import make_auth_config
from tests.api.operations import OPERATIONS, Operation, body_of
from tests.making import connect
from webhooks.endpoints import create_endpoint
from webhooks.models import Event

# Parameters that name no row of a project: the catalog's slugs, the app's and providers' names, and
# the instance's own apps.
NOT_ROWS = {"slug", "user_id", "tenant_id", "client_id", "managed_app_id"}


@dataclass(frozen=True)
class World:
    """One row of each kind in one project."""

    project: Project
    ids: dict[str, str]


def make_world(project: Project, user_id: str) -> World:
    auth_config = make_auth_config(project)
    endpoint = create_endpoint(project=project, url="http://127.0.0.1:1/hook").endpoint
    entity = Entity.objects.create(project=project, user_id=user_id, tenant_id=f"of-{user_id}")
    account = connect(auth_config=auth_config, entity=entity)
    tool = store_tool(auth_config, name=f"of_{user_id}")
    return World(
        project,
        {
            "account_id": account.pk,
            "connected_account_id": account.pk,
            "auth_config_id": auth_config.pk,
            "job_id": job_on(project).pk,
            "portal_link_id": issue_portal_link(entity=entity, actor=SYSTEM).link.pk,
            "endpoint_id": endpoint.pk,
            "tool_name": tool.pk,
            "event_id": Event.objects.filter(project=project).earliest("sequence").pk,
        },
    )


def job_on(project: Project) -> BulkJob:
    key = ApiKey.objects.in_project(project).first()
    return BulkJob.objects.create(
        kind="refresh",
        extent="filter",
        project=project,
        projects=[project.pk],
        asked_by="api_key:x",
        runs_for="key",
        api_key=key,
        created_at=timezone.now(),
    )


def store_tool(auth_config: AuthConfig, name: str) -> Tool:
    definition = ToolDefinition(name=name, description="Lists.", path="/notes")
    store_tools(auth_config=auth_config, tools=[definition], source=Source.FILE)
    tool: Tool = Tool.objects.of(auth_config).get()
    return tool


@pytest.fixture
def ours(project: Project) -> World:
    return make_world(project, "alice")


@pytest.fixture
def theirs(stranger_project: Project) -> World:
    return make_world(stranger_project, "mallory")


def rows_of(project: Project) -> dict[str, list[dict[str, Any]]]:
    """Return everything a project owns."""
    scoped = [model for model in apps.get_models() if issubclass(model, ProjectScopedModel)]
    return {
        model.__name__: [
            dict(row) for row in model.objects.in_project(project).order_by("pk").values()
        ]
        for model in scoped
    }


def missing(row_id: str) -> str:
    """Return an id of the same kind that does not exist."""
    return new_id(row_id.partition("_")[0])


def seen(response: Any, *ids: str) -> tuple[int, str, list[str]]:
    """Return all that a caller gets, but for the request's id and the ids that it sent itself."""
    text = response.content.decode()
    for row_id in ids:
        text = text.replace(row_id, "ID")
    text = re.sub(r'"request_id": "\w+"', '"request_id": "R"', text)
    headers = [f"{name}: {value}" for name, value in response.items()]
    return response.status_code, text, [line for line in headers if "X-Request-Id" not in line]


def call(
    caller: Caller,
    operation: Operation,
    ids: dict[str, str],
    query: str = "",
    **body: str,
) -> Any:
    sent = body_of(operation)
    sent |= {name: ids[name] for name in sent if name in ids} | body
    path = operation.path_with(**ids)
    query = "&".join(part for part in (operation.query, query) if part)
    return caller(operation.method, path, sent, query)


def cases(kind: str) -> list[Any]:
    """Every operation with each of its parameters of ``kind`` that name a row."""
    return [
        pytest.param(operation, name, id=f"{operation} {name}")
        for operation in OPERATIONS
        for name in getattr(operation, kind)
        if name not in NOT_ROWS and (kind == "path_parameters" or name.endswith("_id"))
    ]


def test_every_parameter_that_names_a_row_is_known(ours: World) -> None:
    kinds = ("path_parameters", "query_parameters", "id_fields")
    named = {str(case.values[1]) for kind in kinds for case in cases(kind)}
    assert named <= set(ours.ids), "give World.ids a row for it, or NOT_ROWS a reason"
    assert len(cases("path_parameters")) > 10


@pytest.mark.parametrize(("operation", "name"), cases("path_parameters"))
def test_ones_own_id_in_a_path_is_found(
    owner: Caller, ours: World, operation: Operation, name: str
) -> None:
    assert call(owner, operation, ours.ids).status_code not in {400, 404}


@pytest.mark.parametrize(("operation", "name"), cases("path_parameters"))
def test_anothers_id_in_a_path_is_answered_like_a_missing_one(
    owner: Caller, ours: World, theirs: World, operation: Operation, name: str
) -> None:
    before = rows_of(theirs.project)
    foreign, none = theirs.ids[name], missing(theirs.ids[name])
    got = seen(call(owner, operation, ours.ids | {name: foreign}), foreign)
    expected = seen(call(owner, operation, ours.ids | {name: none}), none)
    assert got == expected
    assert got[0] == 404
    assert rows_of(theirs.project) == before


@pytest.mark.parametrize(("operation", "name"), cases("id_fields"))
def test_ones_own_id_in_a_body_is_taken(
    owner: Caller, ours: World, operation: Operation, name: str
) -> None:
    response = call(owner, operation, ours.ids, **{name: ours.ids[name]})
    assert 200 <= response.status_code < 300


@pytest.mark.parametrize(("operation", "name"), cases("id_fields"))
def test_anothers_id_in_a_body_is_answered_like_a_missing_one(
    owner: Caller, ours: World, theirs: World, operation: Operation, name: str
) -> None:
    before = rows_of(theirs.project)
    foreign, none = theirs.ids[name], missing(theirs.ids[name])
    got = seen(call(owner, operation, ours.ids, **{name: foreign}), foreign)
    expected = seen(call(owner, operation, ours.ids, **{name: none}), none)
    assert got == expected
    assert got[0] == 404
    assert rows_of(theirs.project) == before


@pytest.mark.parametrize(("operation", "name"), cases("query_parameters"))
def test_anothers_id_in_a_query_is_answered_like_a_missing_one(
    owner: Caller, ours: World, theirs: World, operation: Operation, name: str
) -> None:
    own, foreign, none = ours.ids[name], theirs.ids[name], missing(theirs.ids[name])
    found = call(owner, operation, ours.ids, f"{name}={own}")
    got = seen(call(owner, operation, ours.ids, f"{name}={foreign}"), foreign)
    expected = seen(call(owner, operation, ours.ids, f"{name}={none}"), none)
    assert found.json()["items"], "the filter finds something of one's own"
    assert got == expected
    assert '"items": []' in got[1]


def test_no_operation_takes_a_header_of_its_own() -> None:
    """Where one comes, walk it like the queries above."""
    assert [o for o in OPERATIONS if o.header_parameters] == []


FILTERS = [("user_id", "mallory"), ("tenant_id", "of-mallory")]


@pytest.mark.parametrize(("name", "value"), FILTERS)
@pytest.mark.usefixtures("ours", "theirs")
def test_anothers_users_are_not_found_by_their_name(owner: Caller, name: str, value: str) -> None:
    answer = owner("GET", "/connected_accounts", query=f"{name}={value}").json()
    assert answer == {"items": [], "next_cursor": None}


LISTS = [o for o in OPERATIONS if "cursor" in o.query_parameters and not o.path_parameters]


@pytest.mark.parametrize("operation", LISTS, ids=str)
def test_a_list_holds_ones_own_rows_only(
    owner: Caller, stranger: Caller, ours: World, theirs: World, operation: Operation
) -> None:
    texts = [call(caller, operation, {}).content.decode() for caller in (owner, stranger)]
    for text, own, foreign in zip(texts, (ours, theirs), (theirs, ours), strict=True):
        assert any(row_id in text for row_id in own.ids.values())
        assert not any(row_id in text for row_id in foreign.ids.values())


@pytest.mark.parametrize(
    "header", ["x-project-id", "x-project", "x-tenant-id", "x-evergrant-project"]
)
def test_no_header_changes_the_project(
    owner: Caller, ours: World, theirs: World, stranger_project: Project, header: str
) -> None:
    path = f"/connected_accounts/{theirs.ids['account_id']}"
    assert owner("GET", path, **{header: stranger_project.pk}).status_code == 404
    assert owner("GET", path).status_code == 404


def test_with_two_keys_the_one_in_x_api_key_decides(
    owner: Caller, stranger: Caller, ours: World, theirs: World
) -> None:
    both = {"authorization": f"Bearer {stranger.key}"}
    assert owner("GET", f"/connected_accounts/{ours.ids['account_id']}", **both).status_code == 200
    assert (
        owner("GET", f"/connected_accounts/{theirs.ids['account_id']}", **both).status_code == 404
    )


def test_the_same_user_id_in_two_projects_is_two_users(
    owner: Caller, stranger: Caller, ours: World, theirs: World
) -> None:
    made = []
    for caller, world in ((owner, ours), (stranger, theirs)):
        body = {"user_id": "carol", "auth_config_id": world.ids["auth_config_id"]}
        made.append(caller("POST", "/connected_accounts/link", body).json()["connected_account_id"])
    assert made[0] != made[1]
    assert Entity.objects.filter(user_id="carol").count() == 2
