"""Auth configs made of what an MCP server says, and clients that Evergrant registers itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from django.test import Client

from integrations.discovery import (
    ClientNeeded,
    DiscoveryFailed,
    RegistrationFailed,
    discover_mcp_server,
    register_client,
)
from integrations.errors import InvalidInput
from integrations.mcp_servers import create_mcp_auth_config, is_mcp_server
from integrations.models import AuthConfig, Project
from integrations.registrations import is_registered
from integrations.secrets import Secret
from tests.authorization_server import (
    HELLO,
    REGISTER,
    RESOURCE_METADATA,
    SelfDescribingServer,
    as_json,
    create_mcp_config,
)

pytestmark = pytest.mark.django_db

ROOT_METADATA = "/.well-known/oauth-protected-resource"


@pytest.fixture
def server() -> Iterator[SelfDescribingServer]:
    with SelfDescribingServer().serving() as serving:
        yield serving


@pytest.fixture
def project() -> Project:
    return Project.objects.create(name="Acme Agents")


def problem_at(server: SelfDescribingServer) -> str:
    with pytest.raises(DiscoveryFailed) as failure:
        discover_mcp_server(server.mcp_url)
    return str(failure.value)


def test_a_config_is_made_of_what_the_server_says(
    project: Project, server: SelfDescribingServer
) -> None:
    server.resource["resource_name"] = "Acme\n Notes"
    auth_config = create_mcp_config(project, server)
    toolkit = auth_config.catalog_entry
    assert (toolkit.slug, toolkit.name) == ("127-0-0-1", "Acme Notes")
    assert (toolkit.base_url, toolkit.issuer) == (server.mcp_url, server.url)
    assert toolkit.token_parameters == {"resource": server.mcp_url}
    assert toolkit.authorization_parameters == {"resource": server.mcp_url}
    assert auth_config.requested_scopes == ["notes:read"]
    assert is_mcp_server(AuthConfig.objects.get())


def test_evergrant_registers_itself(project: Project, server: SelfDescribingServer) -> None:
    auth_config = create_mcp_config(project, server)
    [asked] = server.sent_to(REGISTER)
    assert asked["redirect_uris"] == [auth_config.redirect_uri]
    assert asked["grant_types"] == ["authorization_code", "refresh_token"]
    assert (asked["client_name"], asked["scope"]) == ("Acme Agents", "notes:read")
    assert auth_config.client_id == "client-1"
    assert auth_config.client_secret == Secret("secret-1")
    assert auth_config.catalog_entry.client_auth == "client_secret_post"
    kept: Secret | None = AuthConfig.objects.get().registration
    assert kept is not None
    assert '"management token"' in kept.reveal()


def test_the_operators_own_client_comes_first(
    project: Project, server: SelfDescribingServer
) -> None:
    server.metadata["client_id_metadata_document_supported"] = True
    auth_config = create_mcp_config(
        project, server, client_id="mine", client_secret=Secret("s"), scopes=["x"]
    )
    assert (auth_config.client_id, auth_config.scopes) == ("mine", ["x"])
    assert not is_registered(auth_config)
    assert server.clients == 0


def test_a_document_is_preferred_to_registering_and_is_served(
    project: Project,
    server: SelfDescribingServer,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    client: Client,
) -> None:
    settings.BASE_URL = "https://evergrant.example.com"
    monkeypatch.setattr("integrations.client_documents.outbound.vet_url", lambda _: None)
    server.metadata["client_id_metadata_document_supported"] = True
    auth_config = create_mcp_config(project, server)
    assert auth_config.client_id == f"{settings.BASE_URL}/connect/client/{auth_config.pk}.json"
    assert auth_config.catalog_entry.client_auth == "none"
    answer = client.get(f"/connect/client/{auth_config.pk}.json")
    document = answer.json()
    assert document["client_id"] == auth_config.client_id
    assert document["redirect_uris"] == [auth_config.redirect_uri]
    assert document["token_endpoint_auth_method"] == "none"
    assert answer["Cache-Control"] == "public, max-age=300"


@pytest.mark.parametrize(
    "base_url", ["http://localhost:8000", "https://localhost", "https://127.0.0.1"]
)
def test_no_document_is_offered_where_nobody_else_could_read_it(
    project: Project, server: SelfDescribingServer, settings: Any, base_url: str
) -> None:
    settings.BASE_URL = base_url
    server.metadata["client_id_metadata_document_supported"] = True
    assert create_mcp_config(project, server).client_id == "client-1"


def test_a_config_with_another_client_has_no_document(
    project: Project, server: SelfDescribingServer, client: Client
) -> None:
    auth_config = create_mcp_config(project, server)
    assert client.get(f"/connect/client/{auth_config.pk}.json").status_code == 404
    assert client.get("/connect/client/ac_nobody.json").status_code == 404


def test_a_server_that_takes_no_client_by_itself_asks_for_one(
    project: Project, server: SelfDescribingServer
) -> None:
    del server.metadata["registration_endpoint"]
    with pytest.raises(ClientNeeded, match="redirect URI"):
        create_mcp_config(project, server)
    assert not AuthConfig.objects.exists()


def test_a_refused_registration_is_told_in_the_servers_words(
    project: Project, server: SelfDescribingServer
) -> None:
    told = {"error": "invalid_redirect_uri", "error_description": "No\x07 strangers."}
    server.reply("POST", REGISTER, as_json(told, 400))
    with pytest.raises(RegistrationFailed, match=r'"invalid_redirect_uri: No\? strangers\."'):
        create_mcp_config(project, server)


def test_scopes_that_the_server_registers_nobody_for_are_left_out_of_the_registration(
    project: Project, server: SelfDescribingServer
) -> None:
    register = server.replies["POST", REGISTER]
    refusal = as_json({"error": "invalid_client_metadata"}, 400)
    server.replies["POST", REGISTER] = lambda: (
        refusal if "scope" in server.sent_to(REGISTER)[-1] else register()
    )
    assert create_mcp_config(project, server).client_id == "client-1"
    assert ["scope" in asked for asked in server.sent_to(REGISTER)] == [True, False]


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ({}, "no client_id"),
        ({"client_id": "caf\u00e9"}, "no client_id"),
        ({"client_id": "a", "client_secret": "\n"}, "cannot be sent"),
        ({"client_id": "a", "token_endpoint_auth_method": "client_secret_post"}, "authenticate"),
        ({"client_id": "a", "token_endpoint_auth_method": "none", "redirect_uris": []}, "redirect"),
    ],
)
def test_a_client_that_is_of_no_use_is_not_taken(
    project: Project, server: SelfDescribingServer, answer: dict[str, Any], told: str
) -> None:
    server.reply("POST", REGISTER, as_json(answer, 201))
    with pytest.raises(RegistrationFailed, match=told):
        create_mcp_config(project, server)


def test_nothing_is_registered_for_what_cannot_be_stored(
    project: Project, server: SelfDescribingServer
) -> None:
    with pytest.raises(InvalidInput):
        create_mcp_auth_config(project=project, name="n" * 101, server_url=server.mcp_url)
    assert server.received == []


def test_a_server_that_asks_for_nothing_is_used_without_authentication(
    project: Project, server: SelfDescribingServer
) -> None:
    server.reply("POST", "/mcp", HELLO)
    del server.replies["GET", RESOURCE_METADATA]
    auth_config = create_mcp_config(project, server)
    assert (auth_config.scheme, auth_config.client_id) == ("no_auth", "")
    assert auth_config.catalog_entry.base_url == server.mcp_url


def test_a_server_that_greets_strangers_may_ask_for_a_token_later(
    server: SelfDescribingServer,
) -> None:
    server.reply("POST", "/mcp", HELLO)
    assert discover_mcp_server(server.mcp_url).issuer == server.url


def test_a_wrong_description_does_not_make_a_server_one_that_asks_for_nothing(
    server: SelfDescribingServer,
) -> None:
    server.reply("POST", "/mcp", HELLO)
    server.resource["resource"] = "https://victim.example/mcp"
    assert "names the resource" in problem_at(server)


def test_metadata_are_looked_for_in_the_usual_places_where_no_challenge_names_one(
    server: SelfDescribingServer,
) -> None:
    server.challenge = 'Basic realm="notes"'
    del server.replies["GET", RESOURCE_METADATA]
    server.reply("GET", ROOT_METADATA, as_json(server.resource | {"resource": server.url}))
    found = discover_mcp_server(server.mcp_url)
    assert found.fields["token_parameters"] == {"resource": server.url}


def test_scopes_of_the_challenge_come_first(server: SelfDescribingServer) -> None:
    server.challenge += ', scope="notes:write files"'
    server.metadata["scopes_supported"] = ["offline_access"]
    found = discover_mcp_server(server.mcp_url)
    assert found.fields["default_scopes"] == ["notes:write", "files"]
    assert found.optional_scopes == ["offline_access"]
    assert found.fields["authorization_parameters"]["prompt"] == "consent"


def test_where_no_scopes_are_named_none_is_asked_for(server: SelfDescribingServer) -> None:
    server.metadata["scopes_supported"] = ["offline_access"]
    del server.resource["scopes_supported"]
    found = discover_mcp_server(server.mcp_url)
    assert (found.fields["default_scopes"], found.optional_scopes) == ([], [])


@pytest.mark.parametrize("named", ["https://victim.example/mcp", "", None, 7])
def test_metadata_of_another_resource_are_not_used(
    server: SelfDescribingServer, named: object
) -> None:
    server.resource["resource"] = named
    assert "names the resource" in problem_at(server)


def test_a_part_of_the_host_does_not_speak_for_the_whole_host(
    server: SelfDescribingServer,
) -> None:
    server.resource["resource"] = server.url
    assert "names the resource" in problem_at(server)


def test_the_first_server_that_can_be_used_is_taken(server: SelfDescribingServer) -> None:
    server.resource["authorization_servers"] = [f"{server.url}/gone", server.url, "https://x.test"]
    assert discover_mcp_server(server.mcp_url).issuer == server.url


@pytest.mark.parametrize("methods", [None, [], ["plain"]])
def test_a_server_without_pkce_is_refused(
    server: SelfDescribingServer, methods: list[str] | None
) -> None:
    server.metadata["code_challenge_methods_supported"] = methods
    assert "PKCE" in problem_at(server)


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        ((404, {}, b""), "status 404"),
        ((302, {"Location": "https://evil.example/mcp"}, b""), "status 302"),
        ((200, {"Content-Type": "text/html"}, b"<html>"), "no MCP server"),
        ((200, {}, b" " * 300_000), "too large"),
    ],
)
def test_what_is_no_mcp_server_is_told_in_words(
    server: SelfDescribingServer, reply: tuple[int, dict[str, str], bytes], told: str
) -> None:
    server.reply("POST", "/mcp", reply)
    assert told in problem_at(server)


def test_a_challenge_cannot_send_evergrant_to_a_private_address(
    server: SelfDescribingServer,
) -> None:
    server.challenge = 'Bearer resource_metadata="https://169.254.169.254/latest/meta-data"'
    assert "may not be called" in problem_at(server)


def test_two_servers_of_one_host_are_two_toolkits(
    project: Project, server: SelfDescribingServer
) -> None:
    first, again = create_mcp_config(project, server), create_mcp_config(project, server)
    server.mcp_url = f"{server.url}/other"
    server.replies["POST", "/other"] = server.replies["POST", "/mcp"]
    server.resource["resource"] = server.mcp_url
    other = create_mcp_config(project, server)
    assert first.toolkit == again.toolkit
    assert other.toolkit.startswith(f"{first.toolkit}-")


ODD: list[object] = [7, -1.5, True, "x", {"a": 1}, [7, None, []], [["x"]], []]
ANSWERED = (
    "client_id",
    "client_secret",
    "client_secret_expires_at",
    "token_endpoint_auth_method",
    "redirect_uris",
    "registration_access_token",
)


@pytest.mark.parametrize("odd", ODD, ids=str)
def test_what_a_resource_says_in_another_type_is_passed_over_or_told(
    server: SelfDescribingServer, odd: object
) -> None:
    usual = dict(server.resource)
    for member in [*usual, "resource_name"]:
        server.resource = usual | {member: odd}
        with suppress(DiscoveryFailed):
            discover_mcp_server(server.mcp_url)


@pytest.mark.parametrize("odd", ODD, ids=str)
def test_what_a_registration_answers_in_another_type_is_passed_over_or_told(
    server: SelfDescribingServer, odd: object
) -> None:
    usual = {"client_id": "client", "client_secret": "secret"}
    for member in ANSWERED:
        server.reply("POST", REGISTER, as_json(usual | {member: odd}, 201))
        with suppress(DiscoveryFailed):
            register_client(
                server.metadata,
                issuer=server.url,
                name="Acme",
                redirect_uri="https://acme.example",
                scopes=[],
            )
