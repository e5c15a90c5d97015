"""The portal's views: parse, call one operation, respond."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache

from connections.errors import (
    AuthConfigDisabled,
    LinkError,
    ManagedAppDisabled,
    StatusChanged,
)
from connections.portal.acting import (
    disconnect,
    find_account,
    may_disconnect,
    may_reconnect,
    reconnect,
)
from connections.portal.entering import (
    check_portal,
    enter_portal,
    find_portal,
    is_open_in,
    open_portal,
)
from connections.portal.issuing import PORTAL_PATH
from connections.portal.pages import (
    BUSY,
    DISCONNECTED,
    REFUSED,
    UNCHANGED,
    disconnect_context,
    door_context,
    list_context,
    list_url,
    refusal_context,
)
from integrations.tokens import new_token

if TYPE_CHECKING:
    from typing import Any

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    from connections.models import PortalLink


@method_decorator(never_cache, name="dispatch")
class PortalPage(View):
    """Base of the portal's pages: whoever is not let in is told why and how to go on."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return super().dispatch(request, *args, **kwargs)
        except LinkError as error:
            context = refusal_context(error)
            return render(request, "connect/portal/refusal.html", context, status=error.status)

    def enter(self, portal_id: str) -> PortalLink:
        """Return the portal that this browser has opened. Raises as `enter_portal`."""
        browser = _browser(self.request, portal_id)
        return enter_portal(portal_id=portal_id, browser=browser, now=timezone.now())


class DoorView(PortalPage):
    """A portal link: GET shows a button and consumes nothing, POST opens the portal."""

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        """Show the button; lead on where this browser has opened the portal already."""
        portal = find_portal(token=token)
        browser = _browser(request, portal.pk)
        check_portal(portal, browser=browser, now=timezone.now())
        if is_open_in(portal, browser=browser):
            return HttpResponseRedirect(list_url(portal))
        response = render(request, "connect/portal/door.html", door_context(portal))
        # Given out before the button is pressed, so that pressing it twice is one browser.
        _set_cookie(request, response, portal, browser or new_token())
        return response

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        """Bind the link to this browser."""
        browser = _browser(request, find_portal(token=token).pk) or new_token()
        portal = open_portal(token=token, browser=browser, now=timezone.now())
        response = HttpResponseRedirect(list_url(portal))
        _set_cookie(request, response, portal, browser)
        return response


class AccountsView(PortalPage):
    """The list of the person's accounts."""

    def get(self, request: HttpRequest, portal_id: str) -> HttpResponse:
        """Show it, with what has just happened."""
        context = list_context(self.enter(portal_id), request.GET.dict(), now=timezone.now())
        return render(request, "connect/portal/accounts.html", context)


class DisconnectView(PortalPage):
    """Asks before it disconnects."""

    def get(self, request: HttpRequest, portal_id: str, account_id: str) -> HttpResponse:
        """Say what will happen."""
        portal = self.enter(portal_id)
        account = find_account(portal, account_id)
        if account is None or not may_disconnect(account):
            return _back(portal, UNCHANGED, account_id)
        context = disconnect_context(portal, account, now=timezone.now())
        return render(request, "connect/portal/disconnect.html", context)

    def post(self, request: HttpRequest, portal_id: str, account_id: str) -> HttpResponse:
        """Disconnect; again does no harm."""
        portal = self.enter(portal_id)
        try:
            disconnect(portal=portal, account_id=account_id)
        except StatusChanged:
            return _back(portal, BUSY, account_id)
        return _back(portal, DISCONNECTED, account_id)


class ReconnectView(PortalPage):
    """Leads to a fresh connect link of the account."""

    def post(self, request: HttpRequest, portal_id: str, account_id: str) -> HttpResponse:
        """Make the link and go there."""
        portal = self.enter(portal_id)
        account = find_account(portal, account_id)
        if account is None or not may_reconnect(account):
            return _back(portal, REFUSED, account_id)
        try:
            issued = reconnect(portal=portal, account=account)
        except (AuthConfigDisabled, ManagedAppDisabled):
            return _back(portal, REFUSED, account_id)
        return HttpResponseRedirect(issued.url)


def _back(portal: PortalLink, status: str, account_id: str) -> HttpResponse:
    return HttpResponseRedirect(list_url(portal, status=status, account_id=account_id))


def _cookie(portal_id: str) -> str:
    return f"evergrant_{portal_id}"


def _browser(request: HttpRequest, portal_id: str) -> str:
    return request.COOKIES.get(_cookie(portal_id), "")


def _set_cookie(
    request: HttpRequest, response: HttpResponse, portal: PortalLink, value: str
) -> None:
    left = portal.expires_at - timezone.now()
    response.set_cookie(
        _cookie(portal.pk),
        value,
        max_age=max(0, int(left.total_seconds())),
        path=PORTAL_PATH,
        secure=request.is_secure(),
        httponly=True,
        samesite="Lax",
    )
