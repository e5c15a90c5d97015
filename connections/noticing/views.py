"""Where the links of a mail lead: parse, call one operation, respond. A GET changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt

from connections.errors import AuthConfigDisabled, LinkError, ManagedAppDisabled, NoticeExpired
from connections.noticing.pages import notice_context, refusal_context, stop_context
from connections.noticing.visiting import (
    accept_notices,
    find_notice,
    reconnect_from,
    refuse_notices,
    wants_reconnecting,
)

if TYPE_CHECKING:
    from typing import Any

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    from connections.models import ExpiryNotice


@method_decorator(never_cache, name="dispatch")
class NoticePage(View):
    """Base of the pages: a link that leads nowhere says why, and how to go on."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return super().dispatch(request, *args, **kwargs)
        except LinkError as error:
            return render(
                request, "connect/problem.html", refusal_context(error), status=error.status
            )


class NoticeView(NoticePage):
    """The button of the mail."""

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        """Say what is to be connected again; nothing is consumed, mail programs fetch links."""
        notice = find_notice(token=token)
        wanted = wants_reconnecting(notice, now=timezone.now())
        context = notice_context(notice, wanted=wanted)
        return render(request, "connect/notices/reconnect.html", context)

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        """Make a connect link and go there."""
        notice = find_notice(token=token)
        try:
            issued = reconnect_from(notice, now=timezone.now())
        except (AuthConfigDisabled, ManagedAppDisabled):
            raise NoticeExpired(notice) from None
        return HttpResponseRedirect(issued.url)


# A mail program posts without a page of ours (RFC 8058); the token is what shows the right to.
@method_decorator(csrf_exempt, name="dispatch")
class StopView(NoticePage):
    """The mail's way to end such mails."""

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        """Ask, or say that it is done."""
        return _stop_page(request, find_notice(token=token), token)

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        """End the mails, or begin them again; a mail program's single POST ends them."""
        notice = find_notice(token=token)
        one_click = request.POST.get("List-Unsubscribe") == "One-Click"
        if request.POST.get("again") and not one_click:
            accept_notices(notice)
        else:
            refuse_notices(notice, now=timezone.now())
        # A mail program may follow no redirect (RFC 8058, 3.1); a browser's form gets one, so that
        # its page can be asked for again.
        return (
            _stop_page(request, notice, token) if one_click else HttpResponseRedirect(request.path)
        )


def _stop_page(request: HttpRequest, notice: ExpiryNotice, token: str) -> HttpResponse:
    return render(request, "connect/notices/stop.html", stop_context(notice, token=token))
