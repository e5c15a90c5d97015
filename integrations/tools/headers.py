"""Which headers a tool may set, and what may stand in one."""

from __future__ import annotations

import re
from typing import Final

TOKEN: Final = re.compile(r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$")
# Who calls, where the message goes and where it ends is not for a tool to say.
_REFUSED: Final = frozenset(
    {
        "authorization",
        "connection",
        "content-encoding",
        "content-length",
        "cookie",
        "date",
        "expect",
        "forwarded",
        "host",
        "keep-alive",
        "origin",
        "referer",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "user-agent",
        "via",
    }
)
_REFUSED_BEGINNINGS: Final = ("proxy-", "sec-", "x-forwarded-")


def may_be_set(name: str) -> bool:
    """Whether a tool may set the header ``name``."""
    lower = name.lower()
    return (
        bool(TOKEN.match(name))
        and lower not in _REFUSED
        and not lower.startswith(_REFUSED_BEGINNINGS)
    )


def is_value(text: str) -> bool:
    """Whether ``text`` may stand in a header: visible ASCII, blanks inside (RFC 9110, 5.5)."""
    return text.isascii() and text.isprintable() and text == text.strip() and bool(text)
