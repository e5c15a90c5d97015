"""A callback URL of the project's own, by way of which people come back to Evergrant."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError

# RFC 8252, 7.3: what never leaves the machine needs no TLS.
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_PROBLEM: Final = (
    "A callback URL begins with https:// (or is http on this machine), names a host, and has "
    "neither a user name nor a fragment."
)


def check_callback_url(url: str) -> None:
    """Refuse what no provider could send people to (RFC 6749, 3.1.2).

    Raises:
        ValidationError: names the field ``callback_url``.
    """
    if not _is_one(url):
        raise ValidationError({"callback_url": _PROBLEM})


def _is_one(url: str) -> bool:
    if not url.isascii() or not url.isprintable() or set(' \\"<>#') & set(url):
        return False
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    if not parts.hostname or "@" in parts.netloc or port == 0:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
