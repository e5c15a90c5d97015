"""Telling the console of a service that is not in the catalog, in three ways."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.admin.utils import quote
from django.contrib.auth.models import User
from django.test import Client
from pytest_django.fixtures import Settings

from integrations.described.written import as_text
from integrations.models import AuditEntry, AuthConfig, Project
from tests.authorization_server import SelfDescribingServer, create_mcp_config
from tests.console.staff import member, signed_in
from tests.described_services import create_described, key_service, oauth_service

CONFIGS = "/admin/integrations/authconfig/"
ADD = f"{CONFIGS}add/"
HERE = "http://127.0.0.1:9"
CLIENT = {"name": "Ours", "client_id": "client", "new_client_secret": "secret"}


@pytest.fixture
def project(db: None, settings: Settings) -> Project:
    settings.OUTBOUND_ALLOW_LOOPBACK = True
    return Project.objects.create(name="Acme")


@pytest.fixture
def client(admin_user: User) -> Client:
    return signed_in(admin_user)


@pytest.fixture
def server() -> Iterator[SelfDescribingServer]:
    with SelfDescribingServer().serving() as serving:
        yield serving


def describe(client: Client, text: str) -> Any:
    return client.post(f"{ADD}?service=description", {"description": text})


def page_of(config: AuthConfig) -> str:
    return f"{CONFIGS}{quote(config.pk)}/change/"


def errors_of(answer: Any) -> list[str]:
    assert answer.status_code == 200
    return [str(text) for texts in answer.context["form"].errors.values() for text in texts]


def trail() -> list[tuple[Any, ...]]:
    names = ("action", "outcome", "subject_id", "subject_label", "project_id", "error_code")
    rows = AuditEntry.objects.filter(subject_type="integrations.authconfig")
    return list(rows.order_by("pk").values_list(*names))


def test_the_list_of_toolkits_begins_with_another_service(client: Client, project: Project) -> None:
    page = client.get(ADD).content.decode()
    assert page.index("Another service") < page.index("data-text=")
    for way in ("mcp", "issuer", "description", "nonsense"):
        assert client.get(f"{ADD}?service={way}").status_code == 200


@pytest.mark.parametrize("write", [as_text, json.dumps])
def test_from_a_description_to_an_auth_config(client: Client, project: Project, write: Any) -> None:
    there = describe(client, write(oauth_service(HERE))).headers["Location"]
    page = client.get(there).content.decode()
    assert "Add an auth config for House CRM" in page
    assert 'placeholder="notes:read"' in page
    answer = client.post(there, CLIENT | {"project": project.pk})
    config = AuthConfig.objects.get()
    assert answer.headers["Location"] == page_of(config)
    assert (config.toolkit, config.toolkit_name) == ("house-crm", "House CRM")
    assert config.service == oauth_service(HERE) | {
        "category": "custom",
        "description": "A service that is not in the catalog.",
    }


def test_each_kind_of_its_keys_can_be_chosen(client: Client, project: Project) -> None:
    both = oauth_service(HERE, keys=key_service(HERE)["keys"])
    there = describe(client, as_text(both)).headers["Location"]
    assert f"{there.partition('?')[2]}&amp;scheme=api_key" in client.get(there).content.decode()
    client.post(f"{there}&scheme=api_key", {"name": "Keys", "project": project.pk})
    assert AuthConfig.objects.get().scheme == "api_key"


def test_a_draft_can_be_changed_and_is_nobody_elses(client: Client, project: Project) -> None:
    there = describe(client, as_text(key_service(HERE))).headers["Location"]
    query = there.partition("?")[2]
    page = client.get(f"{ADD}?service=description&{query}").content.decode()
    assert "House Meters" in page
    other = signed_in(User.objects.create_superuser("ben"))
    assert "House Meters" not in other.get(there).content.decode()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "This field is required."),
        ("just words", "Write fields and their values, such as name: Example."),
        ("name: [", "Line 1: "),
        ("name: a\nname: b", "Line 2: name is there twice."),
        ("a: &x [1]\nb: *x", "Line 2: no references here"),
        ("[" * 40, "It is nested too deeply."),
        ("a: !!python/object:os.system x", "Line 1: could not determine a constructor"),
        ("x: 2026-01-01", "holds what JSON cannot hold"),
        ("tokn_url: x", "tokn_url: there is no such field"),
        ("name: x\ntoken_url: 7", "token_url: must be a text"),
    ],
)
def test_what_is_wrong_is_told_at_the_description(
    client: Client, project: Project, text: str, told: str
) -> None:
    assert any(told in error for error in errors_of(describe(client, text)))


def test_a_private_address_is_told_at_the_description(client: Client, project: Project) -> None:
    text = as_text(oauth_service(HERE, token_url="https://10.0.0.1/token"))
    [error] = errors_of(describe(client, text))
    assert error.startswith("token_url: Evergrant may not call this service there: ")


def test_an_issuer_is_asked(client: Client, project: Project, server: SelfDescribingServer) -> None:
    told = {"issuer_url": server.url, "name": "House login", "base_url": f"{server.url}/api"}
    there = client.post(f"{ADD}?service=issuer", told).headers["Location"]
    client.post(there, CLIENT | {"project": project.pk})
    config = AuthConfig.objects.get()
    assert (config.service_url, config.catalog_entry.token_url) == (
        server.url,
        f"{server.url}/token",
    )
    server.metadata["token_endpoint"] = f"{server.url}/new"
    page = client.post(f"{CONFIGS}{quote(config.pk)}/do/rediscover/", follow=True)
    assert "discovered again" in page.content.decode()
    assert AuthConfig.objects.get().catalog_entry.token_url == f"{server.url}/new"


def test_an_issuer_that_says_nothing_is_told_at_its_field(
    client: Client, project: Project, server: SelfDescribingServer
) -> None:
    server.replies.clear()
    told = {"issuer_url": server.url, "name": "House login"}
    [error] = errors_of(client.post(f"{ADD}?service=issuer", told))
    assert server.url in error


def test_an_mcp_server_is_asked(
    client: Client, project: Project, server: SelfDescribingServer
) -> None:
    told = {"mcp_server_url": server.mcp_url, "name": "Notes", "project": project.pk}
    answer = client.post(f"{ADD}?service=mcp", told)
    config = AuthConfig.objects.get()
    assert answer.headers["Location"] == page_of(config)
    assert config.service_url == server.mcp_url


def test_adding_by_an_mcp_server_is_recorded_before_the_call_and_after(
    client: Client, project: Project, server: SelfDescribingServer
) -> None:
    told = {"mcp_server_url": server.mcp_url, "name": "Notes", "project": project.pk}
    client.post(f"{ADD}?service=mcp", told)
    made = AuthConfig.objects.get()
    assert trail() == [
        ("add", "begun", "", "Notes (127.0.0.1)", project.pk, ""),
        ("add", "done", made.pk, "Notes (127-0-0-1)", project.pk, ""),
    ]


def test_an_mcp_server_that_cannot_be_used_is_recorded_too(
    client: Client, project: Project
) -> None:
    told = {"mcp_server_url": f"{HERE}/secret-path", "name": "Notes", "project": project.pk}
    assert errors_of(client.post(f"{ADD}?service=mcp", told))
    [_begun, refused] = trail()
    assert refused == ("add", "refused", "", "Notes (127.0.0.1)", project.pk, "discovery_failed")


def test_an_entry_about_what_was_never_made_can_be_read(client: Client, project: Project) -> None:
    told = {"mcp_server_url": f"{HERE}/mcp", "name": "Notes", "project": project.pk}
    client.post(f"{ADD}?service=mcp", told)
    page = f"/admin/integrations/auditentry/{AuditEntry.objects.latest('pk').pk}/change/"
    assert "Add by MCP server: Notes (127.0.0.1)" in client.get(page).content.decode()


def test_an_mcp_server_goes_into_a_project_that_the_operator_sees(
    project: Project, server: SelfDescribingServer
) -> None:
    other = Project.objects.create(name="Globex")
    mel = signed_in(member(other, permissions=("integrations.add_authconfig",)))
    told = {"mcp_server_url": server.mcp_url, "name": "Notes", "project": project.pk}
    assert errors_of(mel.post(f"{ADD}?service=mcp", told))
    assert not AuthConfig.objects.exists()


def test_nobody_tells_without_the_permission(project: Project) -> None:
    mel = signed_in(member(project, permissions=("integrations.view_authconfig",)))
    assert mel.get(f"{ADD}?service=mcp").status_code == 403


def test_the_record_page_shows_the_description_and_takes_a_new_one(
    client: Client, project: Project
) -> None:
    config = create_described(project, oauth_service(HERE))
    assert "House CRM" in client.get(page_of(config)).content.decode()
    form = {"name": "Ours", "client_id": "client", "enabled": "on"}
    text = as_text(oauth_service(HERE, rotation="none")).replace("\n", "\r\n")
    answer = client.post(page_of(config), form | {"description": text})
    assert answer.status_code == 302
    assert AuthConfig.objects.get().catalog_entry.rotation == "none"


def test_a_bad_new_description_is_told_and_changes_nothing(
    client: Client, project: Project
) -> None:
    config = create_described(project, oauth_service(HERE))
    form = {"name": "Ours", "client_id": "client"}
    answer = client.post(page_of(config), form | {"description": "rotation: sometimes"})
    errors = answer.context["adminform"].form.errors["description"]
    assert any("rotation" in error for error in errors)
    assert AuthConfig.objects.get().catalog_entry.rotation == "rotates"


def test_a_viewer_reads_the_description(project: Project) -> None:
    config = create_described(project, oauth_service(HERE, name="<b>House</b>"))
    mel = signed_in(member(project, permissions=("integrations.view_authconfig",)))
    page = mel.get(page_of(config)).content.decode()
    assert "authorization_url: http://127.0.0.1:9/authorize" in page
    assert "<b>House</b>" not in page


def test_lists_and_filters_know_it_by_its_name(client: Client, project: Project) -> None:
    create_described(project, oauth_service(HERE))
    page = client.get(f"{CONFIGS}?toolkit=house-crm").content.decode()
    assert "House CRM" in page
    assert '<option value="house-crm" selected' in page


def test_an_own_callback_url_is_taken_and_a_bad_one_refused(
    client: Client, project: Project
) -> None:
    config = create_described(project, oauth_service(HERE))
    form = {"name": "Ours", "client_id": "client", "description": as_text(config.service or {})}
    bad = client.post(page_of(config), form | {"callback_url": "http://acme.example/back"})
    assert "callback_url" in bad.context["adminform"].form.errors
    client.post(page_of(config), form | {"callback_url": "https://acme.example/back"})
    assert AuthConfig.objects.get().redirect_uri == "https://acme.example/back"


def test_a_registered_clients_callback_url_stays_and_the_way_to_change_it_is_told(
    client: Client, project: Project, server: SelfDescribingServer
) -> None:
    config = create_mcp_config(project, server)
    form = {"name": "Notes", "client_id": "client-1", "description": as_text(config.service or {})}
    answer = client.post(page_of(config), form | {"callback_url": "https://acme.example/back"})
    [told] = answer.context["adminform"].form.errors["callback_url"]
    assert f"auth_configs register {config.pk} --callback-url" in told
    assert AuthConfig.objects.get().callback_url == ""
