"""Services of one's own by the API: described, discovered, changed; and their tools."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import call_command

from integrations.models import AuthConfig, Project
from tests.api.calling import Caller, code_of, error_of, key_of
from tests.authorization_server import SelfDescribingServer
from tests.described_services import key_service, oauth_service

HERE = "http://127.0.0.1:9"
CLIENT = {"name": "Ours", "client_id": "client", "client_secret": "client-s3cret"}


@pytest.fixture
def server() -> Iterator[SelfDescribingServer]:
    with SelfDescribingServer().serving() as serving:
        yield serving


def create(owner: Caller, **body: Any) -> Any:
    return owner("POST", "/auth_configs", CLIENT | body)


def fields_of(response: Any) -> list[str]:
    assert code_of(response) == (400, "invalid_request")
    return [found["field"] for found in error_of(response)["details"]["fields"]]


def test_a_described_service_is_shown_as_it_was_described(owner: Caller) -> None:
    response = create(owner, service=oauth_service(HERE))
    assert response.status_code == 201
    shown = owner("GET", f"/auth_configs/{response.json()['id']}").json()
    assert shown == response.json()
    assert (shown["toolkit"], shown["scheme"], shown["service_url"]) == ("house-crm", "oauth2", "")
    assert shown["service"]["token_url"] == oauth_service(HERE)["token_url"]
    assert "s3cret" not in response.content.decode()


def test_what_is_wrong_is_named_by_its_path(owner: Caller) -> None:
    assert fields_of(create(owner, service={"token_url": 7})) == ["service.token_url"]
    private = oauth_service(HERE, token_url="https://169.254.169.254/latest")
    assert fields_of(create(owner, service=private)) == ["service.token_url"]
    assert fields_of(create(owner, service=oauth_service(HERE), toolkit="github")) == ["toolkit"]
    assert fields_of(create(owner)) == ["toolkit"]


@pytest.mark.parametrize("service", [[], "x", 7])
def test_a_description_is_an_object(owner: Caller, service: Any) -> None:
    assert create(owner, service=service).status_code == 400


def test_a_toolkit_of_the_catalog_has_no_description(owner: Caller) -> None:
    body = {"toolkit": "sandbox", "parameters": {"base_url": HERE}}
    assert create(owner, **body).json()["service"] is None


def test_an_issuer_is_asked_once_and_again(owner: Caller, server: SelfDescribingServer) -> None:
    made = create(owner, issuer_url=server.url, service={"base_url": f"{server.url}/v1"}).json()
    assert (made["service_url"], made["service"]["token_url"]) == (
        server.url,
        f"{server.url}/token",
    )
    server.metadata["token_endpoint"] = f"{server.url}/new"
    again = owner("POST", f"/auth_configs/{made['id']}/rediscover").json()
    assert again["service"]["token_url"] == f"{server.url}/new"
    assert again["service"]["base_url"] == f"{server.url}/v1"
    server.replies.clear()
    failed = owner("POST", f"/auth_configs/{made['id']}/rediscover")
    assert code_of(failed) == (422, "discovery_failed")


def test_nothing_is_discovered_again_that_was_not_discovered(
    owner: Caller, auth_config: AuthConfig
) -> None:
    response = owner("POST", f"/auth_configs/{auth_config.pk}/rediscover")
    assert code_of(response) == (409, "nothing_to_discover")


def test_an_mcp_server_is_asked(owner: Caller, server: SelfDescribingServer) -> None:
    given = {"name": "Notes", "mcp_server_url": server.mcp_url}
    made = owner("POST", "/auth_configs", given).json()
    assert (made["service_url"], made["service"]["base_url"]) == (server.mcp_url, server.mcp_url)
    again = owner("POST", f"/auth_configs/{made['id']}/rediscover")
    assert again.json()["service"] == made["service"]
    both = owner("POST", "/auth_configs", given | {"issuer_url": server.url})
    assert fields_of(both) == ["issuer_url"]


def test_a_new_description_takes_a_key_that_may_read_credentials(
    owner: Caller, project: Project
) -> None:
    made = create(owner, service=oauth_service(HERE)).json()
    change = {"service": oauth_service(HERE, rotation="none")}
    writer = Caller(key_of(project, "read", "write"))
    refused = writer("PATCH", f"/auth_configs/{made['id']}", change)
    assert code_of(refused) == (403, "insufficient_scope")
    changed = owner("PATCH", f"/auth_configs/{made['id']}", change).json()
    assert changed["service"]["rotation"] == "none"


def test_an_own_callback_url_becomes_the_redirect_uri(owner: Caller) -> None:
    own = "https://connect.acme.example/back"
    made = create(owner, service=oauth_service(HERE), callback_url=own).json()
    assert made["redirect_uri"] == made["callback_url"] == own
    assert made["landing_url"].endswith(f"/connect/callback/{made['id']}")
    path = f"/auth_configs/{made['id']}"
    for bad in ("http://acme.example", "ftp://acme.example", "https://a@b.example", "https://x/#y"):
        assert fields_of(owner("PATCH", path, {"callback_url": bad})) == ["callback_url"]
    back = owner("PATCH", path, {"callback_url": ""}).json()
    assert back["redirect_uri"] == made["landing_url"]
    loopback = owner("PATCH", path, {"callback_url": "http://127.0.0.1:3000/back"})
    assert loopback.json()["redirect_uri"] == "http://127.0.0.1:3000/back"


def test_a_described_service_has_tools_of_its_own(owner: Caller, tmp_path: Path) -> None:
    made = owner("POST", "/auth_configs", {"name": "Meters", "service": key_service(HERE)}).json()
    tool = {
        "name": "house_list_meters",
        "title": "List the meters",
        "description": "All meters of the house.",
        "method": "GET",
        "path": "/meters",
        "inputs": {"type": "object", "properties": {}},
    }
    file = tmp_path / "tools.yaml"
    file.write_text(yaml.safe_dump({"tools": [tool]}))
    out = StringIO()
    call_command("tools", "import", "--file", str(file), "--auth-config", made["id"], stdout=out)
    assert "1 created" in out.getvalue()
    listed = owner("GET", "/tools", query=f"auth_config_id={made['id']}").json()["items"]
    assert [(found["name"], found["toolkit"]) for found in listed] == [
        ("house_list_meters", "house-meters")
    ]


def test_tools_that_ship_for_a_toolkit_of_that_name_are_not_its_own(owner: Caller) -> None:
    made = owner("POST", "/auth_configs", {"name": "Meters", "service": key_service(HERE)}).json()
    # As if a later catalog brought a toolkit of that slug.
    AuthConfig.objects.filter(pk=made["id"]).update(toolkit="github")
    listed = owner("GET", "/tools", query=f"auth_config_id={made['id']}").json()["items"]
    assert listed == []
