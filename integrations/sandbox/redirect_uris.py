"""Which redirect URIs a client of the sandbox may have."""

from __future__ import annotations

from urllib.parse import urlsplit


class BadRedirectUriError(Exception):
    """A redirect URI must be an absolute http or https URL without fragment (RFC 6749, 3.1.2)."""


def check_redirect_uri(uri: str) -> None:
    """Raise ``BadRedirectUriError`` unless a client may be called back at ``uri``."""
    try:
        parts = urlsplit(uri)
        usable = parts.scheme in {"http", "https"} and parts.hostname and not parts.fragment
    except ValueError:
        usable = False
    # One URI per line is how allauth stores them; a star could be read as a wildcard.
    if not usable or not uri.isprintable() or " " in uri or "*" in uri:
        raise BadRedirectUriError(f"not an absolute http(s) URL without fragment: {uri!r}")
