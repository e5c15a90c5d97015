"""Managed auth configs over the API: the client is the instance's, and stays out of sight."""

from __future__ import annotations

from typing import Any

import pytest

from config.api import api
from integrations.errors import StillInUse
from integrations.managed_apps import delete_managed_app, switch_managed_app
from integrations.models import AuthConfig, ManagedApp, Project
from integrations.secrets import Secret
from tests.api.calling import Caller, code_of, error_of, key_of
from tests.managed.tenants import Tenant

pytestmark = pytest.mark.django_db

NEW = {"name": "Notes", "toolkit": "sandbox", "managed": True}


@pytest.fixture
def caller(project: Project) -> Caller:
    return Caller(key_of(project, "read", "write", "credentials"))


def problem_of(response: Any) -> tuple[str, str]:
    """Return the one field that is wrong, and what is."""
    [problem] = error_of(response)["details"]["fields"]
    return problem["field"], problem["problem"]


def another(app: ManagedApp, **changes: Any) -> ManagedApp:
    given: dict[str, Any] = {
        "name": "Another",
        "toolkit": app.toolkit,
        "client_id": "another-client",
    }
    given |= {"client_secret": Secret("x"), "parameters": app.parameters}
    return ManagedApp.objects.create(**given | changes)


@pytest.mark.usefixtures("app")
def test_a_managed_config_needs_no_client(caller: Caller, app: ManagedApp) -> None:
    made = caller("POST", "/auth_configs", NEW)
    assert made.status_code == 201
    told = made.json()
    assert (told["managed"], told["managed_app_id"], told["client_id"]) == (True, app.pk, "")
    assert told["redirect_uri"] == app.redirect_uri
    assert AuthConfig.objects.get().managed_app == app


def test_nothing_of_the_instances_client_is_told(caller: Caller, app: ManagedApp) -> None:
    made = caller("POST", "/auth_configs", NEW).json()
    paths = ("/auth_configs", f"/auth_configs/{made['id']}", "/toolkits", "/toolkits/sandbox")
    for path in paths:
        text = caller("GET", path).content.decode()
        assert '"instance"' not in text
        assert '"s1"' not in text
        assert app.parameters["base_url"] not in text


def test_without_an_app_of_the_toolkit_it_says_so(caller: Caller, app: ManagedApp) -> None:
    assert code_of(caller("POST", "/auth_configs", NEW | {"toolkit": "github"})) == (
        409,
        "no_managed_app",
    )
    switch_managed_app(app=app, enabled=False)
    assert code_of(caller("POST", "/auth_configs", NEW)) == (409, "no_managed_app")


def test_of_several_one_has_to_be_named(caller: Caller, app: ManagedApp) -> None:
    other = another(app)
    refusal = caller("POST", "/auth_configs", NEW)
    assert code_of(refusal) == (409, "several_managed_apps")
    listed = error_of(refusal)["details"]["managed_apps"]
    assert [each["id"] for each in listed] == [app.pk, other.pk]
    assert "another-client" not in refusal.content.decode()
    made = caller("POST", "/auth_configs", NEW | {"managed_app_id": other.pk})
    assert made.json()["managed_app_id"] == other.pk


def test_an_app_of_another_toolkit_is_not_taken(caller: Caller, app: ManagedApp) -> None:
    given = NEW | {"toolkit": "github", "managed_app_id": app.pk}
    assert code_of(caller("POST", "/auth_configs", given)) == (409, "no_managed_app")


@pytest.mark.parametrize(
    "brought",
    [
        {"client_id": "mine"},
        {"client_secret": "mine"},
        {"parameters": {"base_url": "https://evil.example.com"}},
        {"token_parameters": {"resource": "x"}},
        {"callback_url": "https://app.example.com/cb"},
        {"testing_mode": True},
    ],
)
def test_what_the_app_brings_is_not_the_projects_to_give(
    caller: Caller, app: ManagedApp, brought: dict[str, Any]
) -> None:
    [field] = brought
    assert problem_of(caller("POST", "/auth_configs", NEW | brought))[0] == field
    config = caller("POST", "/auth_configs", NEW).json()["id"]
    changed = caller("PATCH", f"/auth_configs/{config}", brought)
    assert problem_of(changed) == (field, "The managed app brings this: leave it out.")
    row = AuthConfig.objects.values("client_id", "client_secret", "parameters").get()
    assert list(row.values()) == ["", None, {}]


@pytest.mark.parametrize(
    ("given", "field"),
    [({"toolkit": "nonsense"}, "toolkit"), ({"toolkit": "github", "scheme": "bearer"}, "scheme")],
)
def test_only_what_an_oauth_app_is_for(caller: Caller, given: dict[str, str], field: str) -> None:
    ManagedApp.objects.create(name="Code", toolkit="github", client_id="gh")
    ManagedApp.objects.create(name="Gone", toolkit="nonsense", client_id="x")
    assert problem_of(caller("POST", "/auth_configs", NEW | given))[0] == field


def test_a_described_service_has_no_managed_app(caller: Caller, app: ManagedApp) -> None:
    given = NEW | {"service": {"name": "Mine"}}
    assert problem_of(caller("POST", "/auth_configs", given))[0] == "service"


def test_only_scopes_that_the_app_is_approved_for(caller: Caller, app: ManagedApp) -> None:
    ManagedApp.objects.update(scopes=["openid", "profile", "email", "notes:read"])
    field, told = problem_of(caller("POST", "/auth_configs", NEW | {"scopes": ["notes:write"]}))
    assert (field, "notes:write" in told, "notes:read" in told) == ("scopes", True, True)
    made = caller("POST", "/auth_configs", NEW | {"scopes": ["notes:read"]}).json()
    changed = caller("PATCH", f"/auth_configs/{made['id']}", {"optional_scopes": ["notes:write"]})
    assert problem_of(changed)[0] == "scopes"


def test_offline_access_has_to_be_approved_like_any_other(caller: Caller, app: ManagedApp) -> None:
    ManagedApp.objects.update(scopes=["notes:read"])
    wanted = {"scopes": ["notes:read"], "optional_scopes": ["offline_access"]}
    assert problem_of(caller("POST", "/auth_configs", NEW | wanted))[0] == "scopes"


def test_what_tells_whose_account_it_is_needs_no_approval(caller: Caller, app: ManagedApp) -> None:
    ManagedApp.objects.update(scopes=["notes:read"])
    made = caller("POST", "/auth_configs", NEW | {"scopes": ["notes:read"]}).json()
    assert AuthConfig.objects.get(pk=made["id"]).requested_scopes == ["notes:read", "openid"]


def test_the_toolkits_defaults_have_to_be_approved_too(caller: Caller, app: ManagedApp) -> None:
    ManagedApp.objects.update(scopes=["openid"])
    assert problem_of(caller("POST", "/auth_configs", NEW))[0] == "scopes"


def test_a_toolkit_says_whether_the_instance_has_an_app(caller: Caller, app: ManagedApp) -> None:
    listed = caller("GET", "/toolkits").json()
    assert [each["slug"] for each in listed if each["managed_available"]] == ["sandbox"]
    assert caller("GET", "/toolkits/sandbox").json()["managed_available"] is True
    switch_managed_app(app=app, enabled=False)
    assert caller("GET", "/toolkits/sandbox").json()["managed_available"] is False


def test_no_list_asks_once_for_each_row(
    caller: Caller, app: ManagedApp, django_assert_max_num_queries: Any
) -> None:
    caller("GET", "/toolkits")
    with django_assert_max_num_queries(3):
        caller("GET", "/toolkits")
    for _ in range(5):
        caller("POST", "/auth_configs", NEW)
    with django_assert_max_num_queries(3):
        assert len(caller("GET", "/auth_configs").json()["items"]) == 5


def test_no_route_reads_or_writes_managed_apps() -> None:
    paths = api.get_openapi_schema()["paths"]
    assert [path for path in paths if "managed" in path] == []


def test_an_app_in_use_is_not_deleted(ours: Tenant, app: ManagedApp) -> None:
    with pytest.raises(StillInUse, match="Disable it"):
        delete_managed_app(app=app)
    ours.config.delete()
    delete_managed_app(app=app)
    assert not ManagedApp.objects.exists()


def test_another_projects_accounts_by_the_same_app_are_not_found(
    ours: Tenant, theirs: Tenant
) -> None:
    account = theirs.account()
    mine = Caller(key_of(ours.project, "read", "write", "credentials"))
    assert code_of(mine("GET", f"/connected_accounts/{account.pk}"))[0] == 404
    assert code_of(mine("GET", f"/connected_accounts/{account.pk}/credentials"))[0] == 404
    assert mine("GET", "/connected_accounts").json()["items"] == []
