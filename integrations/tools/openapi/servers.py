"""Where an operation is called: below the toolkit's base URL, or elsewhere at the same service."""

from __future__ import annotations

import re
from typing import Any, Final
from urllib.parse import urlsplit

from integrations.tools.hosts import is_address, same_service
from integrations.tools.openapi.parts import CannotExpress
from integrations.tools.openapi.plain import clean

_VARIABLE: Final = re.compile(r"\{([^{}]{1,100})\}")


def server_of(*holders: dict[str, Any]) -> str | None:
    """Return the first server of the first of ``holders`` that names some; None where none does."""
    for holder in holders:
        servers = holder.get("servers")
        if isinstance(servers, list) and servers and isinstance(servers[0], dict):
            return _filled(servers[0])
    return None


def _filled(server: dict[str, Any]) -> str:
    """Return a server's address with the defaults of its variables."""
    variables = server.get("variables")
    known = variables if isinstance(variables, dict) else {}

    def default(found: re.Match[str]) -> str:
        variable = known.get(found[1])
        return str(variable.get("default", ""))[:200] if isinstance(variable, dict) else ""

    return _VARIABLE.sub(default, str(server.get("url", ""))[:500])


def locate(server: str | None, path: str, base_url: str | None) -> tuple[str | None, str]:
    """Return the base URL that a tool needs of its own, if any, and its path.

    Args:
        server: the document's; None: paths go below ``base_url``.
        base_url: the toolkit's. Where it has placeholders, there is nothing to compare with, and
            paths go below it.

    Raises:
        CannotExpress: the server belongs to another service than the toolkit.
    """
    if not base_url:
        raise CannotExpress("the toolkit has no base_url")
    if server is None or "{" in base_url:
        return None, path
    wanted, base = _absolute(server, base_url).rstrip("/"), base_url.rstrip("/")
    if wanted == base:
        return None, path
    if wanted.startswith(f"{base}/"):
        return None, wanted.removeprefix(base) + path
    if base.startswith(f"{wanted}/"):
        inside = base.removeprefix(wanted)
        if path.startswith(f"{inside}/"):
            return None, path.removeprefix(inside)
    if is_address(wanted) and same_service(wanted, base):
        return wanted, path
    told = clean(urlsplit(wanted).netloc or wanted, 80)
    raise CannotExpress(f"its server is not of the toolkit's service: {told}")


def _absolute(server: str, base_url: str) -> str:
    """Return ``server``, a relative one below the host of ``base_url``."""
    if not server.startswith("/"):
        return server
    parts = urlsplit(base_url)
    return f"{parts.scheme}://{parts.netloc}{server}"
