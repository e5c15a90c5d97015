"""A project's stylesheet and logo, for everybody: they are on pages that anybody may be sent to."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from integrations.branding.colors import carries_white
from integrations.branding.stylesheet import digest_of, stylesheet
from integrations.models import ProjectLogo

FOREVER: Final = "public, max-age=31536000, immutable"
SOON: Final = "public, max-age=60"
# Should a browser ever show one as a page, it can do nothing there.
_POLICY: Final = "default-src 'none'; frame-ancestors 'none'; sandbox"


@require_safe
def show_stylesheet(request: HttpRequest, accent: str, digest: str) -> HttpResponse:
    """Return the colours made from ``accent``. Raises Http404 where no project may have it."""
    accent = f"#{accent}"
    if not carries_white(accent):
        raise Http404
    # A page of an older version asks by an older digest: it gets today's, but not for ever.
    lasting = FOREVER if digest == digest_of(accent) else SOON
    return _file(stylesheet(accent).encode(), "text/css; charset=utf-8", lasting)


@require_safe
def show_logo(request: HttpRequest, digest: str) -> HttpResponse:
    """Return the logo whose digest that is. Raises Http404."""
    found = ProjectLogo.objects.filter(digest=digest).values_list("png", flat=True).first()
    if found is None:
        raise Http404
    return _file(bytes(found), "image/png", FOREVER)


def _file(content: bytes, content_type: str, caching: str) -> HttpResponse:
    headers = {
        "Cache-Control": caching,
        "Content-Security-Policy": _POLICY,
        "X-Content-Type-Options": "nosniff",
    }
    response = HttpResponse(content, status=HTTPStatus.OK, headers=headers)
    response["Content-Type"] = content_type
    return response
