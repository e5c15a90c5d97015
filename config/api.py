"""Assembles the API: which routes there are, and the one shape of errors."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import structlog
from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, InternalError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from config.api_docs import Docs
from config.api_keys import KeyBearer, KeyHeader
from config.without_database import RETRY_SECONDS
from connections.api import router as connections_router
from integrations.api import router as integrations_router
from integrations.errors import EvergrantError
from webhooks.api import router as webhooks_router

if TYPE_CHECKING:
    from collections.abc import Callable

View: TypeAlias = "Callable[..., HttpResponse]"

log = structlog.get_logger(__name__)


api = NinjaAPI(
    title="Evergrant",
    version="v1",
    urls_namespace="api",
    description="Keeps the connected accounts of your users alive.",
    auth=[KeyHeader(), KeyBearer()],
    docs=Docs(),
)
api.add_router("", integrations_router)
api.add_router("", connections_router)
api.add_router("", webhooks_router)


def error_response(
    request: HttpRequest, status: int, code: str, message: str, details: Any = None
) -> HttpResponse:
    """Return an error in the API's one shape."""
    body = {
        "error": {
            "code": code,
            "message": message,
            "request_id": getattr(request, "id", ""),
            "details": details or {},
        }
    }
    return api.create_response(request, body, status=status)


@api.exception_handler(EvergrantError)
def _on_evergrant_error(request: HttpRequest, error: EvergrantError) -> HttpResponse:
    response = error_response(request, error.status, error.code, error.message, error.details)
    if "retry_after" in error.details:
        response["Retry-After"] = str(error.details["retry_after"])
    return response


@api.exception_handler(ValidationError)
def _on_invalid_request(request: HttpRequest, error: ValidationError) -> HttpResponse:
    # What was sent is not repeated: it may be a secret in the wrong place.
    fields = [
        {"field": ".".join(str(step) for step in found["loc"][1:]), "problem": found["msg"]}
        for found in error.errors
    ]
    message = "The request is not valid."
    return error_response(request, 400, "invalid_request", message, {"fields": fields})


@api.exception_handler(AuthenticationError)
def _on_no_key(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    message = "Give a valid API key in the header x-api-key."
    response = error_response(request, 401, "unauthenticated", message)
    response["WWW-Authenticate"] = "Bearer"  # RFC 9110, 15.5.2
    return response


@api.exception_handler(RequestDataTooBig)
def _on_giant_body(request: HttpRequest, error: RequestDataTooBig) -> HttpResponse:
    return error_response(request, 413, "request_too_large", "The request body is too large.")


@api.exception_handler(Http404)
def _on_unknown_path(request: HttpRequest, error: Http404) -> HttpResponse:
    return error_response(request, 404, "not_found", "There is nothing at this address.")


@api.exception_handler(HttpError)
def _on_http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    return error_response(request, error.status_code, "invalid_request", str(error))


@api.exception_handler(OperationalError)
@api.exception_handler(InterfaceError)
@api.exception_handler(InternalError)
def _on_lost_database(request: HttpRequest, error: Exception) -> HttpResponse:
    log.warning("api_lost_database", error=type(error).__name__, path=request.path)
    message = "The database does not answer at the moment. Try again."
    response = error_response(request, 503, "database_unavailable", message)
    response["Retry-After"] = str(RETRY_SECONDS)
    return response


@api.exception_handler(Exception)
def _on_surprise(request: HttpRequest, error: Exception) -> HttpResponse:
    # The traceback's values stay out of the answer; the log has the type and the place.
    log.error("api_crashed", error=type(error).__name__, path=request.path, exc_info=error)
    return error_response(request, 500, "internal_error", "Something went wrong on our side.")


def api_urls() -> tuple[Any, str, str]:
    """Return the API's paths for `include`, answering in its shape where ninja would not."""
    patterns, app_name, namespace = api.urls
    for pattern in patterns:
        pattern.callback = _in_shape(cast("View", pattern.callback))
    return patterns, app_name, namespace


def _in_shape(view: View) -> View:
    @wraps(view)
    def shaped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            response = view(request, *args, **kwargs)
        except Http404 as error:
            return _on_unknown_path(request, error)
        if not isinstance(response, HttpResponseNotAllowed):
            return response
        message = f"{request.method} is not possible at this address."
        answer = error_response(request, 405, "method_not_allowed", message)
        answer["Allow"] = response["Allow"]
        return answer

    return shaped


def unknown_path(request: HttpRequest) -> HttpResponse:
    """Answer what the API has no path for."""
    return _on_unknown_path(request, Http404())
