"""What a protected resource says of itself (RFC 9728): who gives out tokens for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from integrations.discovery.errors import DiscoveryFailed, quoted
from integrations.discovery.fetching import first_document
from integrations.discovery.toolkit_fields import listed
from integrations.discovery.well_known import resource_documents

MOST_SERVERS: Final = 5


@dataclass(frozen=True, kw_only=True)
class ProtectedResource:
    """A resource's metadata, once it is known to be its own.

    Attributes:
        identifier: what tokens are asked for (RFC 8707): in its own words.
        name: for people; empty where it gives none.
    """

    identifier: str
    authorization_servers: list[str]
    scopes: list[str]
    name: str


def read_resource(url: str, *, metadata_url: str = "") -> ProtectedResource:
    """Return what the resource at ``url`` says of itself.

    Args:
        metadata_url: where its challenge says that the metadata stand; empty: in the usual places.

    Raises:
        NotDescribed: they stand nowhere.
        DiscoveryFailed: they are another resource's, or name no server.
    """
    places = [metadata_url] if metadata_url else resource_documents(url)
    place, document = first_document(
        places, problem_of=lambda document, place: _problem(document, place, url)
    )
    return _read(document, place)


def _problem(document: dict[str, Any], place: str, url: str) -> str:
    """Say why the document at ``place`` is not for the resource at ``url`` (RFC 9728, 3.3).

    It has to name that very URL, so that no server gets tokens for another one. What stands at the
    host's root may name the whole host: who writes there speaks for it.
    """
    named = document.get("resource")
    parts = urlsplit(url)
    root = f"{parts.scheme}://{parts.netloc}"
    # An empty path and "/" are one address (RFC 3986, 6.2.3).
    whole_host = parts.path in {"", "/"} or place == resource_documents(root)[0]
    allowed = {url, root, f"{root}/"} if whole_host else {url}
    if isinstance(named, str) and named in allowed:
        return ""
    return f"it names the resource {quoted(named)}, not {quoted(url)}"


def _read(document: dict[str, Any], place: str) -> ProtectedResource:
    servers = listed(document, "authorization_servers")[:MOST_SERVERS]
    if not servers:
        raise DiscoveryFailed.at(place, "it names no authorization server")
    name = document.get("resource_name")
    return ProtectedResource(
        identifier=document["resource"],
        authorization_servers=servers,
        scopes=listed(document, "scopes_supported"),
        name=name if isinstance(name, str) else "",
    )
