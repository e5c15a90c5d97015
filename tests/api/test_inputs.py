"""What PostgreSQL or a header could choke on is answered, never crashed on (faults.md 43)."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from integrations.models import AuthConfig
from tests.api.calling import Caller, code_of, error_of
from tests.api.operations import OPERATIONS, Operation, body_of

ODD = ["\x00", "a\x00b", "\u0000", "'; DROP TABLE x; --", "\U0001f511", "%", "../..", "x" * 300]


@pytest.mark.fault(43)
@pytest.mark.parametrize("text", ["\x00", "alice\x00", "\ud800", "", "x" * 256, 7, None, ["alice"]])
@pytest.mark.parametrize("field", ["user_id", "auth_config_id"])
def test_a_bad_id_in_a_body_is_a_bad_request(
    owner: Caller, auth_config: AuthConfig, field: str, text: Any
) -> None:
    body = {"user_id": "alice", "auth_config_id": auth_config.pk} | {field: text}
    response = owner("POST", "/connected_accounts/link", body)
    assert code_of(response) == (400, "invalid_request")
    assert [found["field"] for found in error_of(response)["details"]["fields"]] == [
        f"body.{field}"
    ]


@pytest.mark.parametrize("user_id", ["alice", "\U0001f511", "a b", "<b>", "a/b", "\u202eecila"])
def test_any_other_text_may_be_a_user_id(
    owner: Caller, auth_config: AuthConfig, user_id: str
) -> None:
    body = {"user_id": user_id, "auth_config_id": auth_config.pk}
    account = owner("POST", "/connected_accounts/link", body).json()["connected_account_id"]
    assert owner("GET", f"/connected_accounts/{account}").json()["user_id"] == user_id


@pytest.mark.parametrize("operation", [o for o in OPERATIONS if o.path_parameters], ids=str)
@pytest.mark.parametrize("text", ["%00", "ca_%00", "%F0%9F%94%91", "%27%3B--", "%FF", "x" * 300])
def test_an_odd_id_in_a_path_is_not_found(owner: Caller, operation: Operation, text: str) -> None:
    path = operation.path_with(**dict.fromkeys(operation.path_parameters, text))
    response = owner(operation.method, path, body_of(operation), operation.query)
    assert code_of(response) == (404, "not_found")


QUERIES = [(o, name) for o in OPERATIONS for name in o.query_parameters]


@pytest.mark.parametrize(("operation", "name"), QUERIES, ids=str)
@pytest.mark.parametrize("text", ODD, ids=range(len(ODD)))
def test_an_odd_query_is_answered(
    owner: Caller, operation: Operation, name: str, text: str
) -> None:
    response = owner(operation.method, operation.path, query=f"{name}={quote(text)}")
    assert response.status_code in {200, 400, 404}
    if response.status_code == 200:
        # The catalog's lists are whole, others come in pages.
        assert response.json() in ([], {"items": [], "next_cursor": None})
    else:
        error_of(response)


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
@pytest.mark.parametrize("limit", ["0", "-1", "201", "1e3", "x", "9" * 400])
def test_a_limit_is_between_1_and_200(owner: Caller, operation: Operation, limit: str) -> None:
    if "limit" not in operation.query_parameters:
        return
    response = owner(operation.method, operation.path, query=f"limit={limit}")
    assert code_of(response) == (400, "invalid_request")


TEXTS = [(o, name) for o in OPERATIONS for name in o.text_fields]


@pytest.mark.fault(43)
@pytest.mark.parametrize(("operation", "name"), TEXTS, ids=str)
def test_no_text_of_a_body_may_hold_nul(owner: Caller, operation: Operation, name: str) -> None:
    """Whether it is refused before the row of the path is looked for or after: never a crash."""
    body = body_of(operation) | {name: "a\x00b"}
    response = owner(operation.method, operation.path_with(), body, operation.query)
    assert code_of(response) == (400, "invalid_request")


PARAMETERS = ["parameters", "authorization_parameters", "token_parameters"]


@pytest.mark.fault(43)
@pytest.mark.parametrize("field", PARAMETERS)
@pytest.mark.parametrize("name", ["\x00", "a\x00b", "\ud800", "x" * 256])
def test_no_name_of_a_parameter_may_hold_what_its_value_may_not(
    owner: Caller, auth_config: AuthConfig, field: str, name: str
) -> None:
    given = {field: {name: "x"}}
    made = owner("POST", "/auth_configs", {"name": "Notes", "toolkit": "sandbox"} | given)
    changed = owner("PATCH", f"/auth_configs/{auth_config.pk}", given)
    for response in (made, changed):
        assert code_of(response) == (400, "invalid_request")
        [told] = error_of(response)["details"]["fields"]
        assert told["field"].startswith(f"body.{field}.")
