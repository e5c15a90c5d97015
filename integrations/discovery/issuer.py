"""What an authorization server says of itself (RFC 8414, OpenID Connect Discovery)."""

from __future__ import annotations

from typing import Any

from integrations.discovery.addresses import check_identifier
from integrations.discovery.errors import DiscoveryFailed, quoted
from integrations.discovery.fetching import first_document
from integrations.discovery.toolkit_fields import listed, toolkit_fields
from integrations.discovery.well_known import issuer_documents


def discover_issuer(issuer_url: str) -> dict[str, Any]:
    """Return what the authorization server ``issuer_url`` says of itself, as a toolkit's fields.

    They are what the protocol needs; name, description, category and base URL are not among them.

    Args:
        issuer_url: its issuer identifier, to the letter (RFC 8414, 3.3).

    Raises:
        DiscoveryFailed: it says nothing there, or something else; ``details`` say where and why.
    """
    return toolkit_fields(read_issuer(issuer_url), issuer=issuer_url)


def read_issuer(issuer_url: str) -> dict[str, Any]:
    """Return the metadata of an authorization server, once it is known to be its own.

    Each place where it may stand is looked at in turn. A document in another issuer's name is
    never used (RFC 8414, 3.3): a server could pass for another one by it.

    Raises:
        DiscoveryFailed
    """
    check_identifier(issuer_url)
    place, metadata = first_document(
        issuer_documents(issuer_url),
        problem_of=lambda document, _: _problem(document, issuer_url),
    )
    return _with_userinfo(metadata, issuer_url, found_at=place)


def _problem(metadata: dict[str, Any], issuer: str) -> str:
    named = metadata.get("issuer")
    return "" if named == issuer else f"it names the issuer {quoted(named)}, not {quoted(issuer)}"


def _with_userinfo(metadata: dict[str, Any], issuer: str, *, found_at: str) -> dict[str, Any]:
    """Add the userinfo endpoint that OpenID's document alone has, at servers with both."""
    if "userinfo_endpoint" in metadata or "openid" not in listed(metadata, "scopes_supported"):
        return metadata
    others = [place for place in issuer_documents(issuer) if place != found_at]
    try:
        _, other = first_document(others, problem_of=lambda document, _: _problem(document, issuer))
    except DiscoveryFailed:
        return metadata
    same = other.get("token_endpoint") == metadata.get("token_endpoint")
    return other | metadata if same else metadata
