"""Assembles the API: who calls, which routes there are, and the one shape of errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import structlog
from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.security import APIKeyHeader, HttpBearer

from connections.api import router as connections_router
from integrations.api import router as integrations_router
from integrations.errors import EvergrantError
from integrations.models import ApiKey
from webhooks.api import router as webhooks_router

if TYPE_CHECKING:
    from collections.abc import Callable

log = structlog.get_logger(__name__)


def _authenticate(key: str | None) -> ApiKey | None:
    if not key:
        return None
    if not key.isascii():
        raise HttpError(400, "The API key holds characters that no API key has.")
    now = timezone.now()
    found = ApiKey.objects.presented(key, now=now)
    if found is not None:
        found.note_use(now=now)
    return found


class KeyHeader(APIKeyHeader):
    """The key in ``x-api-key``."""

    param_name = "x-api-key"

    def authenticate(self, request: HttpRequest, key: str | None) -> ApiKey | None:
        """Return the valid key, which carries the project."""
        return _authenticate(key)


class KeyBearer(HttpBearer):
    """The key in ``Authorization: Bearer``."""

    def authenticate(self, request: HttpRequest, token: str) -> ApiKey | None:
        """Return the valid key, which carries the project."""
        return _authenticate(token)


api = NinjaAPI(
    title="Evergrant",
    version="v1",
    urls_namespace="api",
    description="Keeps the connected accounts of your users alive.",
    auth=[KeyHeader(), KeyBearer()],
)
api.add_router("", integrations_router)
api.add_router("", connections_router)
api.add_router("", webhooks_router)


def _error(
    request: HttpRequest, status: int, code: str, message: str, details: Any = None
) -> HttpResponse:
    body = {
        "error": {
            "code": code,
            "message": message,
            "request_id": getattr(request, "id", ""),
            "details": details or {},
        }
    }
    return api.create_response(request, body, status=status)


def _handles(kind: type[Exception]) -> Callable[[Any], Any]:
    return api.exception_handler(kind)


@_handles(EvergrantError)
def _on_evergrant_error(request: HttpRequest, error: EvergrantError) -> HttpResponse:
    return _error(request, error.status, error.code, error.message, error.details)


@_handles(ValidationError)
def _on_invalid_request(request: HttpRequest, error: ValidationError) -> HttpResponse:
    # What was sent is not repeated: it may be a secret in the wrong place.
    fields = [
        {"field": ".".join(str(step) for step in found["loc"][1:]), "problem": found["msg"]}
        for found in error.errors
    ]
    return _error(
        request, 400, "invalid_request", "The request is not valid.", {"fields": fields}
    )


@_handles(AuthenticationError)
def _on_no_key(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    message = "Give a valid API key in the header x-api-key."
    return _error(request, 401, "unauthenticated", message)


@_handles(RequestDataTooBig)
def _on_giant_body(request: HttpRequest, error: RequestDataTooBig) -> HttpResponse:
    return _error(request, 413, "request_too_large", "The request body is too large.")


@_handles(Http404)
def _on_unknown_path(request: HttpRequest, error: Http404) -> HttpResponse:
    return _error(request, 404, "not_found", "There is nothing at this address.")


@_handles(HttpError)
def _on_http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    return _error(request, error.status_code, "invalid_request", str(error))


@_handles(Exception)
def _on_surprise(request: HttpRequest, error: Exception) -> HttpResponse:
    # The traceback's values stay out of the answer; the log has the type and the place.
    log.error("api_crashed", error=type(error).__name__, path=request.path, exc_info=error)
    return _error(request, 500, "internal_error", "Something went wrong on our side.")
