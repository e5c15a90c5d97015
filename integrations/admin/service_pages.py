"""The page that asks for a service of nobody's catalog, before the auth config's own form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponseRedirect
from django.template.response import TemplateResponse

from integrations.admin.service_drafts import find_draft, keep_draft
from integrations.admin.service_forms import (
    DescriptionForm,
    IssuerForm,
    McpServerForm,
    TellingForm,
)
from integrations.described.written import as_text

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from integrations.admin.operations import OperationsAdmin

WAYS: Final[dict[str, tuple[str, type[TellingForm], str, str]]] = {
    "mcp": (
        "An MCP server",
        McpServerForm,
        "Give its URL: it says itself how to authenticate, and mostly registers Evergrant too.",
        "Connect to the server",
    ),
    "issuer": (
        "An issuer",
        IssuerForm,
        "A service with OpenID Connect or OAuth metadata says its endpoints itself.",
        "Discover",
    ),
    "description": (
        "A description",
        DescriptionForm,
        "Everything else: OAuth, API keys, passwords, by the same fields as the catalog's own.",
        "Continue",
    ),
}


def ask_for_service(page: OperationsAdmin, request: HttpRequest) -> HttpResponse:
    """GET: the form of the way that is asked for. POST: go on with what was told."""
    asked = request.GET.get("service", "")
    way = asked if asked in WAYS else "mcp"
    title, form_class, explained, button = WAYS[way]
    data = request.POST if request.method == "POST" else None
    form = form_class(request, data, initial=_initial(request, way))
    if data is not None and form.is_valid():
        return _go_on(page, request, form)
    context: dict[str, Any] = {
        **page.admin_site.each_context(request),
        "opts": page.opts,
        "media": page.media,
        "title": "Another service",
        "form": form,
        "way": way,
        "ways": [(name, told[0], name == way) for name, told in WAYS.items()],
        "heading": title,
        "explained": explained,
        "button": button,
    }
    return TemplateResponse(request, "admin/integrations/another_service.html", context)


def _initial(request: HttpRequest, way: str) -> dict[str, str]:
    """Return what somebody who comes back to change it told before."""
    draft = find_draft(request) if way == "description" else None
    return {"description": as_text(draft["service"])} if draft else {}


def _go_on(page: OperationsAdmin, request: HttpRequest, form: TellingForm) -> HttpResponse:
    if isinstance(form, McpServerForm) and form.made is not None:
        messages.success(request, f"{form.made.name} was added.")
        return HttpResponseRedirect(page.page_of(form.made))
    name = keep_draft(request, getattr(form, "columns", {}))
    return HttpResponseRedirect(f"{request.path}?{urlencode({'draft': name})}")
