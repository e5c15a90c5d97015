"""Addresses that a server names in its own description: which of them are taken."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from integrations import outbound
from integrations.discovery.errors import DiscoveryFailed, quoted


def check_identifier(url: str, *, query: bool = False) -> None:
    """Refuse what can be no issuer (RFC 8414, 2), or no protected resource (RFC 9728, 1.2).

    Args:
        query: whether it may have one.

    Raises:
        DiscoveryFailed
    """
    if problem := _problem(url):
        raise DiscoveryFailed.at(url, problem)
    parts = urlsplit(url)
    if parts.fragment or "#" in url or (parts.query and not query):
        raise DiscoveryFailed.at(url, "it has a part behind its path")


def vetted(metadata: dict[str, Any], field: str, *, source: str) -> str | None:
    """Return the URL at ``field``, None where there is none, once Evergrant may go there.

    Raises:
        DiscoveryFailed: it is no such URL; names ``source``, which has it.
    """
    url = metadata.get(field)
    if url is None:
        return None
    problem = _problem(url) if isinstance(url, str) else "it is not text"
    if problem or not isinstance(url, str):
        raise DiscoveryFailed.at(source, f"its {field} is {quoted(url)}: {problem}")
    return url


def _problem(url: str) -> str:
    # A toolkit's URLs are templates: {client_secret} in one would be filled in.
    if "{" in url or "}" in url:
        return "it has braces"
    try:
        outbound.vet_url(url)
    except outbound.OutboundError as error:
        return str(error)
    return ""
