"""The page of a row that holds an OAuth client, which others may change at the same time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.contrib import messages
from django.http import Http404, HttpResponseRedirect

from integrations.admin.operations import OperationsAdmin
from integrations.errors import InvalidInput, NotFound

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

CHANGED_MEANWHILE: Final = (
    "Nothing was saved: somebody else changed this at the same moment, and the two changes do not "
    "fit together. Here is what it is now."
)


class ClientAdmin(OperationsAdmin):
    """Saves what a form checked; what then does not fit any more is told, and not saved."""

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the form, or save it. Raises Http404 where the row was deleted meanwhile."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except InvalidInput:
            messages.error(request, CHANGED_MEANWHILE)
            return HttpResponseRedirect(request.get_full_path())
        except NotFound:
            raise Http404 from None
