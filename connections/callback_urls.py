"""Where a person may be sent back to: only to addresses the project has listed."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit

from connections.errors import CallbackUrlRefused
from integrations.web_addresses import split_address

if TYPE_CHECKING:
    from collections.abc import Mapping

    from integrations.models import Project


def check_callback_url(*, project: Project, url: str) -> None:
    """Accept ``url`` if an entry of the project's list has its scheme, host, port and path.

    The query may differ, so that an app can carry its own parameters.

    Raises:
        CallbackUrlRefused: it is not listed, or is spelled in a way browsers read differently.
    """
    parts = _split(url)
    listed = (_split(entry) for entry in project.allowed_callback_urls)
    if not any(_place(parts) == _place(entry) for entry in listed):
        raise CallbackUrlRefused(callback_url=url[:200])


def _split(url: str) -> SplitResult:
    try:
        parts = split_address(url)
    except ValueError:
        raise CallbackUrlRefused(callback_url=url[:200]) from None
    if parts.fragment:
        raise CallbackUrlRefused(callback_url=url[:200])
    return parts


def _place(parts: SplitResult) -> tuple[str, str | None, int | None, str]:
    port = parts.port or {"http": 80, "https": 443}[parts.scheme]
    return parts.scheme, parts.hostname, port, parts.path or "/"


def with_result(url: str, result: Mapping[str, str]) -> str:
    """Return ``url`` with ``result`` in its query, in place of parameters of the same names."""
    parts = urlsplit(url)
    kept = [(k, v) for k, v in parse_qsl(parts.query, keep_blank_values=True) if k not in result]
    return parts._replace(query=urlencode([*kept, *result.items()])).geturl()
