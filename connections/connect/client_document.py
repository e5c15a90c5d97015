"""The public page by which authorization servers get to know Evergrant as a client."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import Http404, JsonResponse
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import cache_control

from integrations.client_documents import read_client_document
from integrations.errors import NotFound

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

# Servers ask at each authorization; what they keep must not outlive a change for long.
CACHE_SECONDS = 300


@method_decorator(cache_control(public=True, max_age=CACHE_SECONDS), name="dispatch")
class ClientDocumentView(View):
    """The client id metadata document of one auth config, for those that use one."""

    def get(self, request: HttpRequest, auth_config_id: str) -> HttpResponse:
        """Show it."""
        try:
            return JsonResponse(read_client_document(auth_config_id=auth_config_id))
        except NotFound:
            raise Http404 from None
