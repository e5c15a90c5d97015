"""What authorization servers say of themselves, and what of it is not believed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import pytest

from integrations.catalog import Toolkit
from integrations.discovery import DiscoveryFailed, discover_issuer
from integrations.discovery.challenge import bearer_parameter, read_challenges
from integrations.discovery.well_known import issuer_documents, resource_documents
from tests.authorization_server import (
    ISSUER_METADATA,
    OPENID_METADATA,
    SelfDescribingServer,
    as_json,
)

OPENID = {"scopes_supported": ["openid", "email", "offline_access"], "userinfo_endpoint": ""}


@pytest.fixture
def server() -> Iterator[SelfDescribingServer]:
    with SelfDescribingServer().serving() as serving:
        yield serving


def problem_at(server: SelfDescribingServer, url: str = "") -> str:
    with pytest.raises(DiscoveryFailed) as failure:
        discover_issuer(url or server.url)
    assert failure.value.details["tried"]
    return str(failure.value)


def test_an_issuer_tells_the_fields_of_a_toolkit(server: SelfDescribingServer) -> None:
    server.metadata["authorization_response_iss_parameter_supported"] = True
    found = discover_issuer(server.url)
    named = {"slug": "acme", "name": "Acme", "description": "Notes.", "category": "ai"}
    toolkit = Toolkit.model_validate(found | named)
    assert toolkit.token_url == f"{server.url}/token"
    assert toolkit.revocation_url == f"{server.url}/revoke"
    assert (toolkit.issuer, toolkit.issuer_in_response) == (server.url, True)
    assert (toolkit.client_auth, toolkit.pkce) == ("client_secret_post", True)
    assert (toolkit.identity, toolkit.default_scopes) == (None, [])


def test_openid_connect_tells_whose_account_it_is(server: SelfDescribingServer) -> None:
    server.metadata |= OPENID | {"userinfo_endpoint": f"{server.url}/me"}
    found = discover_issuer(server.url)
    assert found["identity"]["url"] == f"{server.url}/me"
    assert found["default_scopes"] == ["openid", "email", "offline_access"]
    assert found["authorization_parameters"] == {"prompt": "consent"}


def test_openids_own_document_is_asked_where_the_other_one_lacks_userinfo(
    server: SelfDescribingServer,
) -> None:
    server.metadata |= {"scopes_supported": ["openid"]}
    whole = server.metadata | {"userinfo_endpoint": f"{server.url}/me"}
    server.reply("GET", OPENID_METADATA, as_json(whole))
    assert discover_issuer(server.url)["identity"]["url"] == f"{server.url}/me"


def test_an_issuer_with_a_path_is_looked_for_in_every_place() -> None:
    assert issuer_documents("https://id.example/tenant/1/") == [
        "https://id.example/.well-known/oauth-authorization-server/tenant/1",
        "https://id.example/.well-known/openid-configuration/tenant/1",
        "https://id.example/tenant/1/.well-known/openid-configuration",
    ]
    assert len(issuer_documents("https://id.example")) == 2


def test_a_resource_is_looked_for_at_its_own_place_and_then_at_the_root() -> None:
    assert resource_documents("https://mcp.example/a/mcp") == [
        "https://mcp.example/.well-known/oauth-protected-resource/a/mcp",
        "https://mcp.example/.well-known/oauth-protected-resource",
    ]


def test_metadata_in_another_issuers_name_are_not_used(server: SelfDescribingServer) -> None:
    server.metadata["issuer"] = "https://accounts.google.com"
    assert 'names the issuer "https://accounts.google.com"' in problem_at(server)


def test_a_slash_more_is_another_issuer(server: SelfDescribingServer) -> None:
    assert "names the issuer" in problem_at(server, f"{server.url}/")


def test_a_wrong_document_does_not_hide_the_right_one(server: SelfDescribingServer) -> None:
    server.reply("GET", OPENID_METADATA, as_json(server.metadata))
    server.reply("GET", ISSUER_METADATA, as_json({"issuer": "https://other.example"}))
    assert discover_issuer(server.url)["issuer"] == server.url


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        ((302, {"Location": "https://evil.example/"}, b""), "redirect"),
        ((200, {}, b"<html>"), "not JSON"),
        ((200, {}, b"[" * 100_000), "not JSON"),
        ((200, {}, b"[]"), "not a JSON object"),
        ((200, {}, b" " * 300_000), "too large"),
        ((500, {}, b""), "status 500"),
    ],
)
def test_what_is_no_document_is_told_in_words(
    server: SelfDescribingServer, reply: tuple[int, dict[str, str], bytes], told: str
) -> None:
    server.reply("GET", ISSUER_METADATA, reply)
    assert told in problem_at(server)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("https://10.0.0.1/token", "may not be called"),
        ("https://169.254.169.254/latest", "may not be called"),
        ("http://id.example/token", ""),
        ("https://id.example/{client_secret}", "braces"),
        ("javascript:alert(1)", "only https"),
        (7, "not text"),
    ],
)
def test_an_endpoint_that_may_not_be_called_is_refused(
    server: SelfDescribingServer, url: object, told: str
) -> None:
    server.metadata["token_endpoint"] = url
    problem = problem_at(server)
    assert "token_endpoint" in problem
    assert told in problem


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("token_endpoint", None, "names no token_endpoint"),
        ("response_types_supported", ["id_token"], "response_types_supported lacks"),
        ("grant_types_supported", ["implicit"], "grant_types_supported lacks"),
        ("token_endpoint_auth_methods_supported", ["tls_client_auth"], "tls_client_auth"),
    ],
)
def test_a_server_without_the_code_grant_is_refused(
    server: SelfDescribingServer, field: str, value: object, told: str
) -> None:
    server.metadata[field] = value
    assert told in problem_at(server)


@pytest.mark.parametrize("url", ["https://id.example/?a=b", "https://id.example/#a", "ftp://a"])
def test_what_can_be_no_issuer_is_not_asked(server: SelfDescribingServer, url: str) -> None:
    assert problem_at(server, url)
    assert server.received == []


def test_an_issuer_on_a_private_address_is_not_asked(server: SelfDescribingServer) -> None:
    assert "may not be called" in problem_at(server, "https://192.168.1.1/issuer")


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ('Bearer resource_metadata="https://a/b", scope="x y"', ("https://a/b", "x y")),
        ('Basic realm="a, b=\\"c\\"", bearer Resource_Metadata = "https://a"', ("https://a", "")),
        ('Negotiate dG9rZW4=, Bearer scope=x,resource_metadata="https://a"', ("https://a", "x")),
        ('DPoP algs="ES256", resource_metadata="https://d", Bearer', ("https://d", "")),
        ("Bearer", ("", "")),
        ('Bearer resource_metadata="https://a', ("", "")),
        ("Bearer resource_metadata=https://a/b", ("https://a/b", "")),
        (",,= ;", ("", "")),
        ("", ("", "")),
    ],
)
def test_challenges_are_read_as_http_writes_them(header: str, found: tuple[str, str]) -> None:
    challenges = read_challenges(header)
    names = ("resource_metadata", "scope")
    assert tuple(bearer_parameter(challenges, name) for name in names) == found


ODD: list[object] = [7, -1.5, True, "openid", {"a": 1}, [7, None, []], [["openid"]], []]


@pytest.mark.parametrize("odd", ODD, ids=str)
def test_a_member_of_another_type_than_it_should_have_is_passed_over_or_told(
    server: SelfDescribingServer, odd: object
) -> None:
    server.metadata |= OPENID | {"userinfo_endpoint": f"{server.url}/me"}
    usual = dict(server.metadata)
    for member in [*usual, "grant_types_supported", "response_modes_supported"]:
        server.metadata = usual | {member: odd}
        with suppress(DiscoveryFailed):
            discover_issuer(server.url)


def test_openid_is_not_looked_for_among_scopes_that_are_no_list(
    server: SelfDescribingServer,
) -> None:
    server.metadata["scopes_supported"] = 7
    assert discover_issuer(server.url)["default_scopes"] == []
