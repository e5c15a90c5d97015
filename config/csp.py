"""What pages may load and where their forms may lead: the header Content-Security-Policy.

Everything comes from this host, nothing is inline, and nobody frames a page. The console alone may
make functions of texts: its theme stands on Alpine.js, which does so with the expressions in its
templates. Those hold nothing that anybody typed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from csp.constants import NONE, SELF, UNSAFE_EVAL
from csp.middleware import CSPMiddleware

if TYPE_CHECKING:
    from csp.middleware import PolicyParts
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

CONSOLE_PATH: Final = "/admin/"

DIRECTIVES: Final[dict[str, list[str]]] = {
    "default-src": [NONE],
    "script-src": [SELF],
    "style-src": [SELF],
    "font-src": [SELF],
    # Arrows in fields and the picture of a second factor's secret are data.
    "img-src": [SELF, "data:"],
    "connect-src": [SELF],
    "form-action": [SELF],
    "base-uri": [NONE],
    "frame-ancestors": [NONE],
}
CONSOLE: Final[dict[str, list[str]]] = {"script-src": [SELF, UNSAFE_EVAL]}


class PoliciesMiddleware(CSPMiddleware):
    """Sends every page's policy: that of `DIRECTIVES`, with what the console's theme needs."""

    def get_policy_parts(
        self,
        request: HttpRequest,
        response: HttpResponseBase,
        report_only: bool = False,  # noqa: FBT001, FBT002 - django-csp's
    ) -> PolicyParts:
        parts = super().get_policy_parts(request, response, report_only)
        if request.path_info.startswith(CONSOLE_PATH):
            parts.replace = {**CONSOLE, **(parts.replace or {})}
        return parts
