"""The way of an API call: past everything that is for pages only."""

from __future__ import annotations

from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from django.urls import Resolver404, resolve

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

API: Final = "/api/v1/"
DOCS: Final = "/api/v1/docs"
# An agent reads the same accounts again and again, and Django tries one pattern after the other.
_resolve: Final = lru_cache(maxsize=4096)(resolve)
POLICY: Final = "default-src 'none'; frame-ancestors 'none'"


class ApiMiddleware:
    """Calls the API's view at once: no session, no cookie, no form, no static file is in play.

    The middleware behind this one costs as much as a quarter of reading a token. An API key in a
    header is all that counts, so there is nothing for CSRF protection to protect.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        path = request.path_info
        if not path.startswith(API) or path.startswith(DOCS):
            return self.get_response(request)
        request.get_host()  # raises DisallowedHost, as CommonMiddleware does
        try:
            match = _resolve(path)
        except Resolver404:
            return self.get_response(request)
        request.resolver_match = match
        response: HttpResponse = match.func(request, *match.args, **match.kwargs)
        response["Content-Security-Policy"] = POLICY
        # Tokens, links, who has which account: nobody on the way is to keep them.
        response["Cache-Control"] = "no-store"
        if response.status_code != HTTPStatus.NO_CONTENT:
            response["Content-Length"] = str(len(response.content))
        return response
