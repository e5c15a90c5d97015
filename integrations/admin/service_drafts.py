"""A service that an operator described, kept in her session until its auth config is saved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.utils.crypto import get_random_string

from integrations.catalog import UnknownToolkit
from integrations.models import AuthConfig

if TYPE_CHECKING:
    from django.http import HttpRequest

    from integrations.catalog import Toolkit

_KEY: Final = "described_services"
# As many as somebody has tabs for; a session is read with every page.
MOST_DRAFTS: Final = 3


def keep_draft(request: HttpRequest, columns: dict[str, Any]) -> str:
    """Keep the columns of `integrations.described.columns`; return the name to find them by."""
    name = get_random_string(12)
    drafts = [*request.session.get(_KEY, {}).items(), (name, columns)]
    request.session[_KEY] = dict(drafts[-MOST_DRAFTS:])
    return name


def find_draft(request: HttpRequest) -> dict[str, Any] | None:
    """Return the columns that the page's address names; None where there are none any more."""
    drafts: dict[str, dict[str, Any]] = request.session.get(_KEY, {})
    return drafts.get(request.GET.get("draft", ""))


def drop_draft(request: HttpRequest) -> None:
    """Forget the draft that the page's address names."""
    drafts = dict(request.session.get(_KEY, {}))
    if drafts.pop(request.GET.get("draft", ""), None) is not None:
        request.session[_KEY] = drafts


def toolkit_of(columns: dict[str, Any]) -> Toolkit | None:
    """Return the toolkit that a draft describes; None where this version does not take it."""
    try:
        return AuthConfig(**columns).whole_toolkit
    except UnknownToolkit:
        return None
