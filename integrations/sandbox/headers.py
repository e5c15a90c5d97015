"""Response headers that every page carries."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

# No form-action: browsers apply it to the redirect after a form too, and the consent form ends in
# a redirect to the client.
POLICY = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'"


def content_security_policy(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: pages load their own style sheet and images, run no script, ask nobody else."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers["Content-Security-Policy"] = f"{POLICY}; frame-ancestors 'none'"
        return response

    return middleware
