"""Where a server's own description stands, by the address of what it describes."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

AUTHORIZATION_SERVER: Final = "oauth-authorization-server"
OPENID: Final = "openid-configuration"
PROTECTED_RESOURCE: Final = "oauth-protected-resource"


def issuer_documents(issuer: str) -> list[str]:
    """Return where an issuer's metadata may stand, the likeliest place first.

    RFC 8414, 3.1 puts the issuer's path behind the well-known part; OpenID Connect Discovery, 4.1
    puts the well-known part behind the path. Both are found in use with OpenID's name.
    """
    places = [inserted(issuer, AUTHORIZATION_SERVER), inserted(issuer, OPENID)]
    appended = f"{issuer.rstrip('/')}/.well-known/{OPENID}"
    return list(dict.fromkeys([*places, appended]))


def resource_documents(resource: str) -> list[str]:
    """Return where a protected resource's metadata may stand: its own place, then the host's.

    RFC 9728, 3.1. A document at the host's root speaks for the resource that it names only.
    """
    parts = urlsplit(resource)
    root = f"{parts.scheme}://{parts.netloc}/.well-known/{PROTECTED_RESOURCE}"
    return list(dict.fromkeys([inserted(resource, PROTECTED_RESOURCE), root]))


def inserted(url: str, name: str) -> str:
    """Return ``url`` with the well-known part between its host and its path."""
    parts = urlsplit(url)
    path = parts.path.rstrip("/")
    query = f"?{parts.query}" if parts.query else ""
    return f"{parts.scheme}://{parts.netloc}/.well-known/{name}{path}{query}"
