"""Whether two addresses belong to the same service."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

# Below these, names belong to many owners: country zones, and hosts that give everyone a name.
_SHORT_LABEL: Final = 3
_EVERYBODYS: Final = frozenset(
    {
        "amazonaws.com",
        "appspot.com",
        "azurewebsites.net",
        "cloudfront.net",
        "fly.dev",
        "github.io",
        "herokuapp.com",
        "netlify.app",
        "ngrok.io",
        "pages.dev",
        "run.app",
        "vercel.app",
        "workers.dev",
    }
)


def is_address(url: str) -> bool:
    """Whether ``url`` can begin requests: http or https, a host, no query, nobody's name in it."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    plain = not (parts.query or parts.fragment or parts.username or parts.password)
    clean = url.isascii() and url.isprintable() and not set("{}\\ ?#@") & set(url)
    return (
        parts.scheme in {"http", "https"} and bool(parts.hostname) and port != 0 and plain and clean
    )


def same_service(one: str, other: str) -> bool:
    """Whether two addresses have the same owner, as far as names tell.

    The same host, or both below one registered domain, by https. Where a host still has a
    placeholder, or names below it are given to customers, only the same host will do.
    """
    first, second = urlsplit(one), urlsplit(other)
    if (first.scheme, first.netloc) == (second.scheme, second.netloc):
        return True
    if {first.scheme, second.scheme} != {"https"} or "{" in first.netloc + second.netloc:
        return False
    domain = _registered(first.hostname or "")
    return bool(domain) and domain == _registered(second.hostname or "")


def _registered(host: str) -> str:
    """Return the domain that was registered, going by its look; empty where none can be told."""
    labels = host.lower().split(".")
    if len(labels) < 2 or labels[-1].isdecimal() or not all(labels):
        return ""
    width = 3 if len(labels[-1]) == 2 and len(labels[-2]) <= _SHORT_LABEL else 2
    domain = ".".join(labels[-width:])
    return "" if len(labels) < width or domain in _EVERYBODYS else domain
