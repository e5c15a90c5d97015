"""What is answered while the database is away: 503, a page of ours, and when to try again."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import structlog
from django.http import HttpResponse
from django.template.loader import render_to_string
from django.utils.cache import add_never_cache_headers

from integrations.database import DATABASE_AWAY

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest

# RFC 9110, 10.2.3: when to try again after the database was away.
RETRY_SECONDS: Final = 5

log = structlog.get_logger(__name__)


class DatabaseAwayMiddleware:
    """Answers a page whose view lost the database; the API's routes do that themselves."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Return the page where ``exception`` says that the database is away."""
        if not isinstance(exception, DATABASE_AWAY):
            return None
        return page_without_database(request, exception)


def page_without_database(request: HttpRequest, error: BaseException) -> HttpResponse:
    """Return the page that says so. Its link leads to the address that it stands at.

    That address may hold a connect link or a provider's answer, so neither page nor log repeats it.
    """
    match = request.resolver_match
    page = match.view_name if match else ""
    log.warning("page_lost_database", error=type(error).__name__, page=page)
    # Rendered without the request: what a template learns from that may need the database.
    response = HttpResponse(render_to_string("503.html"), status=HTTPStatus.SERVICE_UNAVAILABLE)
    response["Retry-After"] = str(RETRY_SECONDS)
    add_never_cache_headers(response)
    return response
