"""Services that describe themselves: their metadata read, checked, and Evergrant registered there.

``issuer`` reads an authorization server's metadata, ``resource`` a protected resource's, ``mcp``
both for an MCP server, ``registration`` makes a client. No module here knows of a project or a
row; every call goes through `integrations.outbound`.

    DiscoveryFailed                    details: url, problem, and every place that was tried
    ├── NotDescribed                   there is no description at all
    ├── RegistrationFailed             the server did not make a client
    ├── ClientNeeded                   the operator has to bring one
    └── AuthorizationServerChanged     the operator has to confirm it
"""

from integrations.discovery.errors import (
    AuthorizationServerChanged,
    ClientNeeded,
    DiscoveryFailed,
    RegistrationFailed,
)
from integrations.discovery.issuer import discover_issuer, read_issuer
from integrations.discovery.mcp import McpServer, discover_mcp_server
from integrations.discovery.registration import RegisteredClient, register_client

__all__ = [
    "AuthorizationServerChanged",
    "ClientNeeded",
    "DiscoveryFailed",
    "McpServer",
    "RegisteredClient",
    "RegistrationFailed",
    "discover_issuer",
    "discover_mcp_server",
    "read_issuer",
    "register_client",
]
