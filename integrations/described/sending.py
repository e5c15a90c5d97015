"""Headers in a description: those that no request could carry are told before one is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from integrations.tools.headers import TOKEN, is_value, may_be_set

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from integrations.catalog import Toolkit

# No tool may set these; a service says by them how it wants to be called.
_A_SERVICES: Final = frozenset({"authorization", "cookie", "origin", "referer", "user-agent"})


def problems_of_headers(toolkit: Toolkit) -> Iterator[tuple[str, str]]:
    """Yield the path of each group of headers that cannot be sent, with what is wrong about it."""
    for path, headers in _headers(toolkit):
        if not all(TOKEN.match(name) and is_value(value) for name, value in headers.items()):
            yield path, "has a name or a value that no header may have"
        elif not all(name.lower() in _A_SERVICES or may_be_set(name) for name in headers):
            yield path, "has a header that is not for a description to say"


def _headers(toolkit: Toolkit) -> Iterator[tuple[str, Mapping[str, str]]]:
    yield "token_headers", toolkit.token_headers
    yield "apply.headers", toolkit.apply.headers
    if toolkit.identity:
        yield "identity.headers", toolkit.identity.headers
    if toolkit.revocation:
        yield "revocation.headers", toolkit.revocation.headers
    for number, form in enumerate(toolkit.keys):
        yield f"keys.{number}.apply.headers", form.apply.headers
        if form.identity:
            yield f"keys.{number}.identity.headers", form.identity.headers
