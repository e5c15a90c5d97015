"""Answers the hosted pages in the person's language; the console and the API stay English."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.http import HttpResponseRedirect
from django.utils import translation
from django.utils.cache import add_never_cache_headers, patch_vary_headers
from django.utils.encoding import escape_uri_path

from connections.issuing import LINK_PATH
from connections.languages import (
    COOKIE,
    PARAMETER,
    choices,
    comes_again,
    is_hosted,
    is_spoken,
    language_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

_YEAR: Final = 365 * 24 * 3600


class LanguageMiddleware:
    """Speaks the person's language while a hosted page is made, its error pages among them.

    Stands before all that may answer with a page. Needs no database and no session.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not is_hosted(request):
            return self.get_response(request)
        chosen = request.GET.get(PARAMETER, "")
        if is_spoken(chosen) and comes_again(request):
            return _keep(request, chosen)
        language = language_of(request)
        request.language_choices = choices(request, language)  # type: ignore[attr-defined]
        with translation.override(language):
            response = self.get_response(request)
        if response.get("Content-Type", "").startswith("text/html"):
            response.headers.setdefault("Content-Language", language)
            patch_vary_headers(response, ["Accept-Language", "Cookie"])
        return response


def _keep(request: HttpRequest, language: str) -> HttpResponse:
    """Keep the choice, and lead to the same page without it: a reload must not choose again."""
    query = request.GET.copy()
    del query[PARAMETER]
    place = escape_uri_path(request.path) + (f"?{query.urlencode()}" if query else "")
    response = HttpResponseRedirect(place)
    add_never_cache_headers(response)
    response.set_cookie(
        COOKIE,
        language,
        max_age=_YEAR,
        path=LINK_PATH,
        secure=request.is_secure(),
        httponly=True,
        samesite="Lax",
    )
    return response
