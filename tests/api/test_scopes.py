"""What a key may do: every operation asks for a scope, and for the right one."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations
from typing import Any

import pytest
from ninja.operation import Operation as NinjaOperation

from config.api import api
from config.api_keys import KeyBearer, KeyHeader
from connections.models import Entity
from integrations.models import AuthConfig, Project
from integrations.models.api_key import Scope, default_scopes
from tests.api.calling import Caller, code_of, error_of, key_of
from tests.api.operations import OPERATIONS, Operation, body_of
from tests.making import connect


def ninja_operations() -> Iterator[NinjaOperation]:
    for bound in api._get_bound_routers():
        for view in bound.path_operations.values():
            yield from view.operations


def test_every_operation_asks_for_a_scope() -> None:
    bare = [
        f"{operation.methods} {operation.path}"
        for operation in ninja_operations()
        if getattr(operation.view_func, "required_scope", None) not in set(Scope)
    ]
    assert bare == []
    assert len(list(ninja_operations())) == len(OPERATIONS) > 15


def test_every_operation_asks_for_a_key() -> None:
    for operation in ninja_operations():
        kinds = [type(callback) for callback in operation.auth_callbacks]
        assert kinds == [KeyHeader, KeyBearer], operation.path


def test_what_changes_something_asks_for_write_and_what_reads_for_read() -> None:
    asked = {str(operation): operation.document["x-required-scope"] for operation in OPERATIONS}
    expected = {
        str(operation): Scope.READ if operation.method == "GET" else Scope.WRITE
        for operation in OPERATIONS
    }
    expected["GET /connected_accounts/{account_id}/credentials"] = Scope.CREDENTIALS
    for operation in ("PATCH /project", "PUT /project/logo", "DELETE /project/logo"):
        expected[operation] = Scope.SETTINGS
    assert asked == expected


def call(caller: Caller, operation: Operation) -> Any:
    """Call with everything that is required, for rows that do not exist."""
    return caller(operation.method, operation.path_with(), body_of(operation), operation.query)


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_a_key_without_the_scope_is_refused(project: Project, operation: Operation) -> None:
    others = set(Scope) - {operation.document["x-required-scope"]}
    caller = Caller(key_of(project, *others))
    response = call(caller, operation)
    assert code_of(response) == (403, "insufficient_scope")
    assert error_of(response)["details"] == {"scope": operation.document["x-required-scope"]}


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_a_key_with_that_scope_alone_is_let_in(project: Project, operation: Operation) -> None:
    caller = Caller(key_of(project, operation.document["x-required-scope"]))
    response = call(caller, operation)
    assert response.status_code in {200, 201, 202, 204, 400, 404}


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_no_operation_answers_without_a_key(nobody: Caller, operation: Operation) -> None:
    response = call(nobody, operation)
    assert code_of(response) == (401, "unauthenticated")


def test_a_new_key_does_not_read_credentials() -> None:
    assert default_scopes() == [Scope.READ, Scope.WRITE]


@pytest.fixture
def account_id(auth_config: AuthConfig, project: Project) -> str:
    entity = Entity.objects.create(project=project, user_id="alice")
    return connect(auth_config=auth_config, entity=entity).pk


def credentials(caller: Caller, account_id: str, query: str = "minimum_seconds=0") -> Any:
    return caller("GET", f"/connected_accounts/{account_id}/credentials", query=query)


def test_credentials_need_not_be_asked_for_a_time(owner: Caller, account_id: str) -> None:
    """The token of the fixture lives a minute, which is the default: one call to the provider."""
    assert credentials(owner, account_id, query="").status_code != 400


def test_credentials_are_given_to_a_key_with_their_scope(project: Project, account_id: str) -> None:
    response = credentials(Caller(key_of(project, "credentials")), account_id)
    assert response.status_code == 200
    assert response.json()["access_token"] == "access-1"
    assert "refresh" not in response.content.decode()


def test_credentials_are_given_to_nobody_else(project: Project, account_id: str) -> None:
    caller = Caller(key_of(project, "read", "write"))
    assert code_of(credentials(caller, account_id)) == (403, "insufficient_scope")


@pytest.mark.parametrize("scopes", list(permutations(["read", "write"])), ids=str)
def test_no_other_answer_holds_a_token(
    project: Project, account_id: str, scopes: tuple[str, ...]
) -> None:
    caller = Caller(key_of(project, *scopes))
    for path in ("", f"/{account_id}", f"/{account_id}/history"):
        text = caller("GET", f"/connected_accounts{path}").content.decode()
        assert "access-1" not in text
        assert "refresh-1" not in text
