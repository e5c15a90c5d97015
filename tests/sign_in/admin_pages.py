"""Every address of the console, found from what Django would resolve."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from django.urls import get_resolver
from django.urls.resolvers import RoutePattern, URLPattern

LOGOUT = "/admin/logout/"


def admin_pages() -> Iterator[str]:
    """Yield an address for each route below /admin/, with something in the place of each id."""
    for entry in get_resolver().url_patterns:
        if str(entry.pattern) == "admin/":
            yield from _below("/admin/", entry)
    # What the admin has no route for, which it answers itself.
    yield from ("/admin/auth/", "/admin/nothing/there/", "/admin")


def _below(prefix: str, entry: Any) -> Iterator[str]:
    for found in entry.url_patterns:
        if not isinstance(found.pattern, RoutePattern):
            continue
        address = prefix + re.sub(r"<[^>]+>", "1", str(found.pattern))
        if isinstance(found, URLPattern):
            yield address
        else:
            yield from _below(address, found)
