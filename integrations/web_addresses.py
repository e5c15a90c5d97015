"""Addresses that a project gives for people to be led to, and why one is refused, in words."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Final
from urllib.parse import SplitResult, urlsplit

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

LONGEST: Final = 2000
_UNSAFE: Final = re.compile(r"[\x00-\x20\x7f\\]")
_MAILTO: Final = "mailto:"


def split_address(url: str) -> SplitResult:
    """Return the parts of an http or https URL that every browser reads in the same way.

    Raises:
        ValueError: says why it is refused.
    """
    _check_letters(url)
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise ValueError("the host or its port cannot be read") from None
    if parts.scheme not in {"http", "https"}:
        raise ValueError("it has to begin with https://")
    if "@" in parts.netloc:
        raise ValueError("it names a user before the host: leave out everything up to the @")
    if not parts.hostname:
        raise ValueError("it has no host")
    return parts


def check_callback_url(url: str) -> None:
    """Refuse what is no place to send a person back to. Raises ValueError, which says why."""
    parts = split_address(url)
    if parts.fragment:
        raise ValueError("it has a fragment: leave out the # and what follows")
    _check_secure(parts)


def check_link(url: str, *, mailto: bool) -> None:
    """Refuse what is no link for people; an empty one is none. Raises ValueError, which says why.

    Args:
        mailto: whether it may be an e-mail address, as ``mailto:help@example.com``.
    """
    if not url:
        return
    if mailto and url.startswith(_MAILTO):
        _check_letters(url)
        try:
            validate_email(url.removeprefix(_MAILTO).partition("?")[0])
        except ValidationError:
            raise ValueError("what follows mailto: is no e-mail address") from None
        return
    _check_secure(split_address(url))


def _check_letters(url: str) -> None:
    if len(url) > LONGEST:
        raise ValueError(f"it is longer than {LONGEST} characters")
    if _UNSAFE.search(url):
        raise ValueError("it holds a blank, a control character or a backslash")
    if not url.isascii():
        raise ValueError("it holds letters beyond ASCII: write the host as xn--, the rest as %..")


def _check_secure(parts: SplitResult) -> None:
    if parts.scheme == "http" and not _is_this_computer(parts.hostname or ""):
        raise ValueError("plain http is for localhost, 127.0.0.1 and [::1] only: use https")


def _is_this_computer(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
