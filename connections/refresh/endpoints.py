"""Names breakers: by the endpoint that is called, and by the client there.

Everybody's calls to a host that the catalog names stand under its origin. Where an auth config or
its accounts say themselves where calls go, the client's id stands behind: what one project wrote,
or its customers did, must not stop another project's calls.
"""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from integrations.models.oauth_clients import is_former
from integrations.outbound import OutboundError, parse_target

if TYPE_CHECKING:
    from collections.abc import Callable

    from integrations.catalog import Toolkit
    from integrations.models import AuthConfig

# Of an origin: an id and a word may stand behind it in a breaker's name.
LONGEST: Final = 200
_KEPT: Final = 100
_PARTS: Final = re.compile(r"(?:(https?)://)?([^/?#]*)")
_CLIENT: Final = re.compile(r"://.* \(((?:ac|ma)_\w+)\)")


def token_breakers(auth_config: AuthConfig) -> tuple[str, str]:
    """Return the names of the breakers of a config's token calls: the endpoint's, the client's."""
    return endpoint_of(auth_config), auth_config.client_holder_id


def endpoint_of(auth_config: AuthConfig) -> str:
    """Return the name of the breaker of the endpoint that refreshes a config's accounts."""
    return origin_of(auth_config, _refreshing)


def origin_of(auth_config: AuthConfig, address: Callable[[Toolkit], str]) -> str:
    """Return the name under which calls to one of the config's addresses are counted.

    A URL has one name, however its port or its host's letters are written.
    """
    toolkit = auth_config.catalog_entry
    origin, is_shared = _origin(address(toolkit))
    if is_shared and not _is_chosen(auth_config, toolkit, address):
        return origin
    return f"{origin} ({auth_config.client_holder_id})"


def calls_former_home(
    auth_config: AuthConfig, client_id: str, *, address: Callable[[Toolkit], str] | None = None
) -> bool:
    """Whether an account of that client has another host called: a former client's home.

    No breaker stands for that one: what it answers tells nothing of the host of today.

    Args:
        address: which one is called; that of refreshing, where none is named.
    """
    if not is_former(auth_config, client_id):
        return False
    address = address or _refreshing
    of_then = address(auth_config.entry_of(client_id))
    return _origin(of_then) != _origin(address(auth_config.catalog_entry))


def client_in(name: str) -> str:
    """Return for whose calls alone an endpoint's breaker of that name stands; empty: all."""
    found = _CLIENT.search(name)
    return found[1] if found else ""


def _refreshing(toolkit: Toolkit) -> str:
    if toolkit.self_renewal is not None:
        return toolkit.self_renewal.url
    return toolkit.refresh_url or toolkit.token_url


def _is_chosen(
    auth_config: AuthConfig, toolkit: Toolkit, address: Callable[[Toolkit], str]
) -> bool:
    """Whether the config says itself, by a description or a parameter, which host that is."""
    if auth_config.service:
        return True
    if not toolkit.parameters:
        return False
    template = address(auth_config.whole_toolkit.for_scheme(auth_config.scheme))
    return "{" in _as_written(template)


@lru_cache(maxsize=1024)
def _origin(url: str) -> tuple[str, bool]:
    """Return the origin, and whether it is one host that calls go to."""
    try:
        target = parse_target(url)
    except OutboundError:
        # Each account has another one, or nobody is called there.
        return _shortened(_as_written(url)), False
    return _shortened(f"{target.scheme}://{target.authority}"), True


@lru_cache(maxsize=1024)
def _as_written(url: str) -> str:
    found = _PARTS.match(url)
    scheme, host = found.groups() if found else (None, "")
    return f"{scheme or 'https'}://{host}"


def _shortened(origin: str) -> str:
    if len(origin) <= LONGEST:
        return origin
    digest = hashlib.sha256(origin.encode()).hexdigest()[:32]
    return f"{origin[:_KEPT]}~{digest}"
