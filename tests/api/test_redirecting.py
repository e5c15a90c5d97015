"""Who may say where credentials are sent: a key that may read them, and no other."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.models import AuthConfig, Project
from tests.api.calling import Caller, code_of, error_of, key_of
from tests.described_services import key_service

ELSEWHERE = {"base_url": "http://127.0.0.1:2"}


@pytest.fixture
def writer(project: Project) -> Caller:
    """Calls with a key that may change everything, but read no credentials."""
    return Caller(key_of(project, "read", "write"))


def change(caller: Caller, auth_config: AuthConfig, **body: Any) -> Any:
    return caller("PATCH", f"/auth_configs/{auth_config.pk}", body)


def test_other_parameters_take_a_key_that_may_read_credentials(
    writer: Caller, owner: Caller, auth_config: AuthConfig
) -> None:
    refused = change(writer, auth_config, name="Ours", parameters=ELSEWHERE)
    assert code_of(refused) == (403, "insufficient_scope")
    assert error_of(refused)["details"] == {"scope": "credentials"}
    unchanged = AuthConfig.objects.get()
    assert (unchanged.name, unchanged.parameters) == ("Notes", auth_config.parameters)
    assert change(owner, auth_config, parameters=ELSEWHERE).json()["parameters"] == ELSEWHERE


def test_parameters_that_are_there_already_take_no_further_scope(
    writer: Caller, auth_config: AuthConfig
) -> None:
    changed = change(writer, auth_config, name="Ours", parameters=auth_config.parameters).json()
    assert (changed["name"], changed["parameters"]) == ("Ours", auth_config.parameters)


def test_so_do_other_parameters_of_a_described_service(writer: Caller, owner: Caller) -> None:
    service = key_service("{base_url}", parameters={"base_url": "Where it is."})
    there = {"base_url": "http://127.0.0.1:1"}
    given = {"name": "Meters", "service": service, "parameters": there}
    made = AuthConfig.objects.get(pk=owner("POST", "/auth_configs", given).json()["id"])
    refused = change(writer, made, parameters=ELSEWHERE)
    assert code_of(refused) == (403, "insufficient_scope")


@pytest.mark.parametrize("given", [{}, {"base_url": "http://127.0.0.1:1/"}, {"other": "x"}])
def test_nothing_else_is_told_of_parameters_first(
    writer: Caller, auth_config: AuthConfig, given: dict[str, str]
) -> None:
    assert code_of(change(writer, auth_config, parameters=given)) == (403, "insufficient_scope")
