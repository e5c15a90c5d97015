"""Lists by cursor, newest first."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.models import AuthConfig, Project
from tests.api.calling import Caller, code_of
from tests.api.conftest import make_auth_config
from tests.api.operations import OPERATIONS, Operation

PATH = "/auth_configs"


@pytest.fixture
def ids(project: Project, stranger_project: Project) -> list[str]:
    """Seven auth configs, newest first, between those of another project."""
    made = []
    for _ in range(7):
        made.append(make_auth_config(project).pk)
        make_auth_config(stranger_project)
    return made[::-1]


def page(owner: Caller, limit: int, cursor: str | None = None) -> dict[str, Any]:
    query = f"limit={limit}" + (f"&cursor={cursor}" if cursor else "")
    response = owner("GET", PATH, query=query)
    assert response.status_code == 200
    return dict(response.json())


def ids_in(answer: dict[str, Any]) -> list[str]:
    return [item["id"] for item in answer["items"]]


def test_the_first_page_is_the_newest(owner: Caller, ids: list[str]) -> None:
    answer = page(owner, 3)
    assert ids_in(answer) == ids[:3]
    assert answer["next_cursor"] == ids[2]


@pytest.mark.parametrize("limit", [1, 2, 3, 6, 7, 8, 200])
def test_the_pages_together_are_the_list(owner: Caller, ids: list[str], limit: int) -> None:
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        answer = page(owner, limit, cursor)
        assert 0 < len(answer["items"]) <= limit
        seen += ids_in(answer)
        cursor = answer["next_cursor"]
    assert seen == ids


def test_rows_that_come_or_go_meanwhile_leave_the_others_in_place(
    owner: Caller, project: Project, ids: list[str]
) -> None:
    first = page(owner, 3)
    make_auth_config(project)
    AuthConfig.objects.get(pk=ids[2]).delete()
    assert ids_in(page(owner, 3, first["next_cursor"])) == ids[3:6]


def test_an_empty_list_is_one_empty_page(owner: Caller) -> None:
    assert page(owner, 5) == {"items": [], "next_cursor": None}


def test_a_cursor_of_another_project_shows_nothing_of_it(
    owner: Caller, ids: list[str], stranger_project: Project
) -> None:
    foreign = make_auth_config(stranger_project).pk
    assert ids_in(page(owner, 50, foreign)) == ids


def test_fifty_are_the_default(owner: Caller, project: Project) -> None:
    AuthConfig.objects.bulk_create(
        AuthConfig(project=project, toolkit="sandbox") for _ in range(51)
    )
    answer = owner("GET", PATH).json()
    assert len(answer["items"]) == 50
    assert answer["next_cursor"]


LISTS = [o for o in OPERATIONS if o.method == "GET" and not o.path_parameters]


# The catalog is whole, and a key's project is one.
UNPAGED = {"/toolkits", "/project"}


@pytest.mark.parametrize("operation", [o for o in LISTS if o.path not in UNPAGED], ids=str)
def test_every_list_but_the_catalog_is_paged(owner: Caller, operation: Operation) -> None:
    assert {"limit", "cursor"} <= set(operation.query_parameters)
    # The tools that ship are everybody's; here only those of the project's own count.
    query = "auth_config_id=none" if operation.path == "/tools" else ""
    answer = owner("GET", operation.path, query=query).json()
    assert answer == {"items": [], "next_cursor": None}
    assert code_of(owner("GET", operation.path, query="cursor=%00")) == (400, "invalid_request")
