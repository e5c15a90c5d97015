"""Finds out how an MCP server wants to be authenticated at (MCP authorization, 2025-11-25)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from integrations import outbound
from integrations.discovery.addresses import check_identifier
from integrations.discovery.challenge import bearer_parameter, read_challenges
from integrations.discovery.errors import DiscoveryFailed, NotDescribed
from integrations.discovery.fetching import NoDocument, call
from integrations.discovery.issuer import read_issuer
from integrations.discovery.resource import ProtectedResource, read_resource
from integrations.discovery.toolkit_fields import (
    REFRESHING_SCOPE,
    advertises_s256,
    consent_parameters,
    listed,
    scopes_among,
    toolkit_fields,
)

PROTOCOL_VERSION: Final = "2025-06-18"
INITIALIZE: Final = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": PROTOCOL_VERSION,
        "capabilities": {},
        "clientInfo": {"name": "Evergrant", "version": "1"},
    },
}
ACCEPT: Final = "application/json, text/event-stream"


@dataclass(frozen=True, kw_only=True)
class McpServer:
    """What an MCP server says of itself.

    Attributes:
        name: for people; empty where it gives none.
        fields: those of a toolkit file; empty where it asks for no authentication.
        optional_scopes: to be asked for besides; whoever does not get them is fine.
        metadata: of its authorization server (RFC 8414), None where there is none.
    """

    url: str
    name: str = ""
    fields: dict[str, Any] = field(default_factory=dict)
    optional_scopes: list[str] = field(default_factory=list)
    metadata: dict[str, Any] | None = None

    @property
    def issuer(self) -> str:
        """Its authorization server; empty where it has none."""
        return str(self.fields.get("issuer", ""))


def discover_mcp_server(server_url: str) -> McpServer:
    """Ask the server without a token, and read what it and its authorization server say.

    Raises:
        DiscoveryFailed: it is no MCP server, or does not say how to authenticate, or names only
            authorization servers that cannot be used; ``details`` say which URL and why.
    """
    check_identifier(server_url, query=True)
    answer = _knock(server_url)
    challenges = read_challenges(answer.headers.get("WWW-Authenticate", ""))
    try:
        resource = read_resource(
            server_url, metadata_url=bearer_parameter(challenges, "resource_metadata")
        )
    except NotDescribed:
        if answer.status == 200:
            return McpServer(url=server_url)
        raise
    scopes = bearer_parameter(challenges, "scope").split() or resource.scopes
    return _with_authorization_server(server_url, resource, scopes_among(scopes))


def _knock(server_url: str) -> outbound.Response:
    """Begin a session without a token. Raises DiscoveryFailed where no MCP server answers."""
    try:
        answer = call(method="POST", url=server_url, headers={"Accept": ACCEPT}, json=INITIALIZE)
    except NoDocument as error:
        raise DiscoveryFailed.at(server_url, error.problem) from None
    if answer.status == 401 or (answer.status == 200 and b'"jsonrpc"' in answer.body):
        return answer
    raise DiscoveryFailed.at(
        server_url, f"no MCP server answers there (status {answer.status}, where 401 was expected)"
    )


def _with_authorization_server(
    server_url: str, resource: ProtectedResource, scopes: list[str]
) -> McpServer:
    """Take the first of the resource's authorization servers that can be used."""
    tried: list[dict[str, str]] = []
    for issuer in resource.authorization_servers:
        try:
            metadata = _usable(issuer)
            fields = toolkit_fields(metadata, issuer=issuer)
        except DiscoveryFailed as error:
            tried.extend(error.details["tried"])
        else:
            refreshing = _offers_refreshing(metadata, scopes)
            # Of the access token it is no scope, so no answer need tell that it was granted.
            needed = [scope for scope in scopes if scope != REFRESHING_SCOPE]
            return McpServer(
                url=server_url,
                name=resource.name,
                fields=fields | _for_resource(resource, needed, refreshing=refreshing),
                optional_scopes=[REFRESHING_SCOPE] if refreshing else [],
                metadata=metadata,
            )
    raise DiscoveryFailed.at(tried[0]["url"], tried[0]["problem"], tried=tried)


def _offers_refreshing(metadata: dict[str, Any], scopes: list[str]) -> bool:
    """Whether to ask for offline access besides; where no scope is named, the server chooses."""
    offered = {*listed(metadata, "scopes_supported"), *scopes}
    return bool(scopes) and REFRESHING_SCOPE in offered


def _usable(issuer: str) -> dict[str, Any]:
    metadata = read_issuer(issuer)
    if not advertises_s256(metadata):
        problem = (
            "its code_challenge_methods_supported lacks S256, and without PKCE an MCP server's "
            "authorization server may not be used"
        )
        raise DiscoveryFailed.at(issuer, problem)
    return metadata


def _for_resource(
    resource: ProtectedResource, scopes: list[str], *, refreshing: bool
) -> dict[str, Any]:
    """Return the fields by which tokens are good at this resource, and at no other (RFC 8707)."""
    named = {"resource": resource.identifier}
    return {
        # Its tokens are for the resource, so the userinfo endpoint does not take them.
        "identity": None,
        "default_scopes": scopes,
        "authorization_parameters": named
        | (consent_parameters([REFRESHING_SCOPE]) if refreshing else {}),
        "token_parameters": named,
    }
