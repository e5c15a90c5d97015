"""In which language the hosted pages speak: the person's choice, else what her browser asks for."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.utils.translation import get_language_info, get_supported_language_variant
from django.utils.translation.trans_real import parse_accept_lang_header

from connections.issuing import LINK_PATH

if TYPE_CHECKING:
    from django.http import HttpRequest

# In the query of a page: the person's choice, kept in the cookie of that name.
PARAMETER: Final = "language"
COOKIE: Final = "evergrant_language"
_CALLBACKS: Final = f"{LINK_PATH}callback/"


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One language of the switch. ``url`` is this page in it; ``direction`` is ltr or rtl."""

    code: str
    name: str
    direction: str
    url: str
    current: bool


def is_hosted(request: HttpRequest) -> bool:
    """Whether ``request`` is for a page of the people whose accounts these are."""
    return request.path_info.startswith(LINK_PATH)


def language_of(request: HttpRequest) -> str:
    """Return the code of the language in which to answer a hosted page."""
    kept = request.COOKIES.get(COOKIE, "")
    return kept if is_spoken(kept) else preferred(request.headers.get("Accept-Language", ""))


def preferred(header: str) -> str:
    """Return what ``header`` likes best of the languages that there are (RFC 9110, 12.5.4).

    Where it is none of them, or the header is not well formed, that is English.
    """
    for tag, quality in parse_accept_lang_header(header):
        # In the order of their quality: whatever follows is not wanted, or any will do.
        if not quality or tag == "*":
            break
        with suppress(LookupError):
            return get_supported_language_variant(tag)
    return settings.LANGUAGE_CODE


def is_spoken(code: str) -> bool:
    """Whether there are pages in the language of that code."""
    return code in dict(settings.LANGUAGES)


def comes_again(request: HttpRequest) -> bool:
    """Whether the page may be asked for once more: a provider's answer may not."""
    asks = request.method in {"GET", "HEAD"}
    return asks and not request.path_info.startswith(_CALLBACKS)


def choices(request: HttpRequest, current: str) -> list[Choice]:
    """Return the switch of the page; empty where it must not be asked for again."""
    if not comes_again(request):
        return []
    return [
        Choice(
            code=code,
            name=name,
            direction="rtl" if get_language_info(code)["bidi"] else "ltr",
            url=_with_language(request, code),
            current=code == current,
        )
        for code, name in settings.LANGUAGES
    ]


def _with_language(request: HttpRequest, code: str) -> str:
    query = request.GET.copy()
    query[PARAMETER] = code
    # Without the path: it may be a credential, which no page repeats.
    return f"?{query.urlencode()}"
