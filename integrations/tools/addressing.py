"""Puts values into a path so that none of them can leave it.

A value is quoted, and a value that a server might take for a step up is refused: ``..`` stays as it
is when it is quoted, and some servers undo quoting before they look at the path.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, unquote, urlsplit

from integrations.tools.errors import InvalidToolInput, ToolHasNoAddress
from integrations.tools.hosts import is_address

PLACEHOLDER: Final = re.compile(r"\{([A-Za-z][A-Za-z0-9_]*)\}")
_SEPARATORS: Final = re.compile(r"[/\\]")
_DOTS: Final = frozenset({".", ".."})
# How often a value may have been quoted before it came here.
_UNQUOTED: Final = 3
LONGEST_VALUE: Final = 2000


def join(base_url: str, template: str, values: Mapping[str, tuple[str, bool]]) -> str:
    """Return the address of ``template`` below ``base_url``.

    Args:
        values: by placeholder: the text, and whether its slashes separate segments.

    Raises:
        InvalidToolInput: a value could lead somewhere else; fields are named by placeholder.
        ToolHasNoAddress: ``base_url`` is no address.
    """
    if not is_address(base_url):
        raise ToolHasNoAddress
    base = base_url.rstrip("/")
    path = PLACEHOLDER.sub(lambda found: _quoted(found[1], *values[found[1]]), template)
    url = base + path
    _make_sure(base, url, path)
    return url


def _quoted(name: str, text: str, several: bool) -> str:  # noqa: FBT001 - as `join` has it
    if not text or len(text) > LONGEST_VALUE:
        problem = (
            f"must not be longer than {LONGEST_VALUE} characters" if text else "must not be empty"
        )
        raise InvalidToolInput.because((name, problem))
    if not text.isprintable():
        raise InvalidToolInput.because((name, "must not hold control characters"))
    if _climbs(text) or (several and not all(text.split("/"))):
        raise InvalidToolInput.because((name, "must not lead out of the path"))
    return quote(text, safe="/" if several else "")


def _climbs(text: str) -> bool:
    for _ in range(_UNQUOTED):
        # What follows a semicolon is a parameter of the segment (RFC 3986, 3.3), which some drop.
        if any(part.partition(";")[0].strip() in _DOTS for part in _SEPARATORS.split(text)):
            return True
        text = unquote(text)
    return False


def _make_sure(base: str, url: str, path: str) -> None:
    """Look at the result once more; whatever came before, it is below ``base``."""
    wanted, got = urlsplit(base), urlsplit(url)
    inside = (
        (got.scheme, got.netloc) == (wanted.scheme, wanted.netloc)
        and got.path == wanted.path + path
        and not (got.query or got.fragment)
        and not _DOTS & set(path.split("/"))
        and "//" not in path
    )
    if not inside:
        raise InvalidToolInput.because(("path", "must not lead out of the path"))
