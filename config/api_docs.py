"""The API's documentation page: Swagger UI from our own static files, nothing from elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ninja.openapi.docs import Swagger

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse
    from ninja import NinjaAPI

# As strict as Swagger UI lets it be: it writes style attributes and draws with data: images.
POLICY: Final = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'"
)


class Docs(Swagger):
    """Swagger UI under a content security policy of its own."""

    def render_page(self, request: HttpRequest, api: NinjaAPI, **kwargs: Any) -> HttpResponse:
        """Return the page."""
        response = super().render_page(request, api, **kwargs)
        response["Content-Security-Policy"] = POLICY
        return response
