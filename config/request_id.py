"""Gives every request an id: in its answer, its errors and its log lines."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import structlog

from config.error_reports import TypesAndPlaces
from integrations.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

HEADER = "X-Request-Id"
_ACCEPTABLE = re.compile(r"[A-Za-z0-9_-]{8,64}")


class RequestIdMiddleware:
    """Takes the caller's ``X-Request-Id`` where it is well formed, else makes one."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get(HEADER, "")
        request_id = given if _ACCEPTABLE.fullmatch(given) else new_id("req")
        request.id = request_id  # type: ignore[attr-defined]
        request.exception_reporter_class = TypesAndPlaces
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            response = self.get_response(request)
        response[HEADER] = request_id
        return response
