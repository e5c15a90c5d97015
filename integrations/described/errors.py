"""What can be wrong with discovering a service again."""

from __future__ import annotations

from integrations.errors import IntegrationsError


class NothingToDiscover(IntegrationsError):
    """This auth config's service was not discovered from an issuer or an MCP server."""

    code = "nothing_to_discover"
    status = 409


class IssuerChanged(IntegrationsError):
    """Another issuer answers there now. Nothing was changed."""

    code = "issuer_changed"
    status = 409
