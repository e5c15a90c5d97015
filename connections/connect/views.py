"""The hosted pages' views: parse, call one operation, respond."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache

from connections.connect.answering import take_answer
from connections.connect.fields import form_context, form_source
from connections.connect.keying import take_key
from connections.connect.pages import (
    confirm_context,
    done_context,
    failure_context,
    lost_context,
    refusal_context,
    return_url,
)
from connections.connect.starting import find_completed_link, find_link, start_attempt
from connections.errors import (
    AnswerLost,
    ConnectionsError,
    KeyRefused,
    LinkError,
    ProviderUnavailable,
)
from connections.issuing import LINK_PATH
from integrations.errors import InvalidInput
from integrations.models.auth_config import OAUTH_SCHEMES
from integrations.tokens import new_token

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.http import HttpRequest

    from connections.connect.outcome import Outcome
    from connections.models import ConnectLink
    from integrations.errors import EvergrantError

BROWSER_COOKIE = "evergrant_connect"
# Longer than any link lives, and a trip that begins at its end.
BROWSER_COOKIE_SECONDS = 25 * 3600
LONGEST_PARAMETER = 4096
# A key file is the largest thing that a person is asked for.
LONGEST_VALUE = 65_536


@method_decorator(never_cache, name="dispatch")
class LinkView(View):
    """A connect link: GET shows what is asked and consumes nothing, POST sets out."""

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        """Show who asks for what."""
        try:
            link = find_link(token=token, browser=_browser(request), now=timezone.now())
        except ConnectionsError as error:
            return _refusal(request, error)
        return _form(request, link, token)

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        """Bind the link to this browser, and send the person to the provider or take her key in."""
        browser = _browser(request) or new_token()
        given = {name: str(value)[:LONGEST_VALUE] for name, value in request.POST.items()}
        try:
            link = find_link(token=token, browser=browser, now=timezone.now())
            try:
                response = _set_out(request, link, token, browser, given)
            except (InvalidInput, KeyRefused, ProviderUnavailable) as error:
                response = _form(request, link, token, error=error, given=given)
        except ConnectionsError as error:
            return _refusal(request, error)
        _set_cookie(request, response, BROWSER_COOKIE, browser)
        _set_cookie(request, response, _try_again_cookie(link), token)
        return response


@method_decorator(never_cache, name="dispatch")
class CallbackView(View):
    """Where a provider sends the person back to. The path carries who holds the client."""

    def get(self, request: HttpRequest, holder_id: str) -> HttpResponse:
        """Take the answer in, once, and send the person on."""
        answer = {name: str(value)[:LONGEST_PARAMETER] for name, value in request.GET.items()}
        try:
            outcome = take_answer(
                holder_id=holder_id,
                answer=answer,
                browser=_browser(request),
                now=timezone.now(),
            )
        except AnswerLost as error:
            return _lost(request, error)
        except ConnectionsError as error:
            return _refusal(request, error)
        return _success(outcome) if outcome.succeeded else _failure(request, outcome)


@method_decorator(never_cache, name="dispatch")
class FinishedView(View):
    """The end of the way where the app gave no callback URL."""

    def get(self, request: HttpRequest, link_id: str) -> HttpResponse:
        """Say that it is done, to the browser that did it."""
        try:
            link = find_completed_link(link_id=link_id, browser=_browser(request))
        except LinkError as error:
            return _refusal(request, error)
        return render(request, "connect/done.html", done_context(link))


def _form(
    request: HttpRequest,
    link: ConnectLink,
    token: str,
    *,
    error: EvergrantError | None = None,
    given: Mapping[str, str] | None = None,
) -> HttpResponse:
    """Show who asks for what, with the fields that there are to fill in."""
    context = confirm_context(link, reverse("connect:link", args=[token]))
    context |= form_context(link, error=error, given=given or {})
    page = "connect/key.html" if context["key_form"] else "connect/confirm.html"
    status = HTTPStatus.OK if error is None else error.status
    return _allow_form_to(render(request, page, context, status=status), link)


def _set_out(
    request: HttpRequest, link: ConnectLink, token: str, browser: str, given: Mapping[str, str]
) -> HttpResponse:
    now = timezone.now()
    if link.account.auth_config.scheme in OAUTH_SCHEMES:
        departure = start_attempt(token=token, browser=browser, given=given, now=now)
        return HttpResponseRedirect(departure.url)
    outcome = take_key(token=token, browser=browser, given=given, now=now)
    return _success(outcome) if outcome.succeeded else _failure(request, outcome)


def _success(outcome: Outcome) -> HttpResponse:
    # Off this address, which holds the code: a reload must not look like a replay.
    finished = reverse("connect:finished", args=[outcome.link.pk])
    target = return_url(outcome.link, status="success") or finished
    response = HttpResponseRedirect(target)
    response.delete_cookie(_try_again_cookie(outcome.link), path=LINK_PATH)
    return response


def _failure(request: HttpRequest, outcome: Outcome) -> HttpResponse:
    return _problem(request, outcome.link, failure_context(outcome), status=HTTPStatus.OK)


def _lost(request: HttpRequest, error: AnswerLost) -> HttpResponse:
    # Nothing is read here: the database is away. The code is used up, so a new trip has to begin.
    return _problem(request, error.link, lost_context(error.link), status=error.status)


def _problem(
    request: HttpRequest, link: ConnectLink, context: dict[str, Any], *, status: int
) -> HttpResponse:
    context |= {"try_again_url": _try_again_url(request, link)}
    response = render(request, "connect/problem.html", context, status=status)
    return _allow_form_to(response, link)


def _refusal(request: HttpRequest, error: ConnectionsError) -> HttpResponse:
    return render(request, "connect/problem.html", refusal_context(error), status=error.status)


def _try_again_cookie(link: ConnectLink) -> str:
    """Name the cookie that keeps a link's token, so that its pages can offer to try again."""
    return f"evergrant_{link.pk}"


def _try_again_url(request: HttpRequest, link: ConnectLink) -> str:
    token = request.COOKIES.get(_try_again_cookie(link), "")
    return reverse("connect:link", args=[token]) if token.isascii() and token else ""


def _browser(request: HttpRequest) -> str:
    return request.COOKIES.get(BROWSER_COOKIE, "")


def _set_cookie(request: HttpRequest, response: HttpResponse, name: str, value: str) -> None:
    response.set_cookie(
        name,
        value,
        max_age=BROWSER_COOKIE_SECONDS,
        path=LINK_PATH,
        secure=request.is_secure(),
        httponly=True,
        samesite="Lax",
    )


def _allow_form_to(response: HttpResponse, link: ConnectLink) -> HttpResponse:
    """Let the page's form lead to the provider: browsers hold redirects to `form-action` too."""
    source = form_source(link.account.auth_config.catalog_entry.authorization_url)
    # What django-csp's decorator sets; the origin is known only here.
    update = {"form-action": [source]} if source else {}
    response._csp_update = update  # type: ignore[attr-defined]  # noqa: SLF001
    return response
