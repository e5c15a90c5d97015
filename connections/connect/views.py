"""The hosted pages' views: parse, call one operation, respond."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache

from connections.connect.answering import take_answer
from connections.connect.fields import form_context
from connections.connect.holding import send_again
from connections.connect.keying import take_key
from connections.connect.outcome import outcome_of
from connections.connect.pages import confirm_context, done_context, waiting_context
from connections.connect.responding import (
    BROWSER_COOKIE,
    allow_forms_to,
    browser_of,
    lost,
    onward,
    refusal,
    set_cookie,
    try_again_cookie,
)
from connections.connect.starting import (
    check_not_refused,
    find_completed_link,
    find_link,
    leads_to_life,
    start_attempt,
)
from connections.connect.verifying import find_verification, wait_for_end
from connections.errors import (
    AnswerLost,
    AttemptAnswered,
    ConnectionsError,
    KeyRefused,
    LinkError,
    LinkUsed,
    ProviderUnavailable,
)
from integrations.errors import InvalidInput
from integrations.models.auth_config import OAUTH_SCHEMES
from integrations.tokens import new_token

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.http import HttpRequest

    from connections.models import ConnectLink, Verification
    from integrations.errors import EvergrantError

LONGEST_PARAMETER = 4096
# A key file is the largest thing that a person is asked for.
LONGEST_VALUE = 65_536
# For how long the page waits for an exchange that is under way.
PATIENCE_SECONDS = 8.0


@method_decorator(never_cache, name="dispatch")
class LinkView(View):
    """A connect link: GET shows what is asked and consumes nothing, POST sets out."""

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        """Show who asks for what."""
        browser = browser_of(request)
        try:
            link = find_link(token=token, browser=browser, now=timezone.now())
        except ConnectionsError as error:
            return refusal(request, error)
        response = _form(request, link, token)
        # Given out before the button is pressed: two presses, or one whose answer is lost, are then
        # one browser. Whoever just fetches the link keeps a cookie that opens nothing.
        set_cookie(request, response, BROWSER_COOKIE, browser or new_token())
        return response

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        """Bind the link to this browser, and send the person to the provider or take her key in."""
        browser = browser_of(request) or new_token()
        given = {name: str(value)[:LONGEST_VALUE] for name, value in request.POST.items()}
        link = None
        try:
            link = find_link(token=token, browser=browser, now=timezone.now())
            try:
                response = _set_out(request, link, token, browser, given)
            except (InvalidInput, KeyRefused, ProviderUnavailable) as error:
                response = _form(request, link, token, error=error, given=given)
        except ConnectionsError as error:
            return refusal(request, error, link)
        set_cookie(request, response, BROWSER_COOKIE, browser)
        set_cookie(request, response, try_again_cookie(link), token)
        return response


@method_decorator(never_cache, name="dispatch")
class CallbackView(View):
    """Where a provider sends the person back to. The path carries who holds the client."""

    def get(self, request: HttpRequest, holder_id: str) -> HttpResponse:
        """Take the answer in, once, and send the person on."""
        answer = {name: str(value)[:LONGEST_PARAMETER] for name, value in request.GET.items()}
        try:
            result = take_answer(
                holder_id=holder_id,
                answer=answer,
                browser=browser_of(request),
                now=timezone.now(),
            )
        except AnswerLost as error:
            return lost(request, error)
        except ConnectionsError as error:
            return refusal(request, error)
        return onward(request, result)


@method_decorator(never_cache, name="dispatch")
class FinishedView(View):
    """The end of the way where the app gave no callback URL."""

    def get(self, request: HttpRequest, link_id: str) -> HttpResponse:
        """Say that it is done, to the browser that did it."""
        try:
            link = find_completed_link(link_id=link_id, browser=browser_of(request))
        except LinkError as error:
            return refusal(request, error)
        return render(request, "connect/done.html", done_context(link))


@method_decorator(never_cache, name="dispatch")
class VerificationView(View):
    """Where the app sends the person back to once it has said who she is, and where she waits."""

    def get(self, request: HttpRequest, verification_id: str) -> HttpResponse:
        """Send her on as it ended; say so while it has not."""
        try:
            found = find_verification(verification_id=verification_id, browser=browser_of(request))
            return _verified(request, wait_for_end(found, seconds=PATIENCE_SECONDS))
        except ConnectionsError as error:
            return refusal(request, error)

    def post(self, request: HttpRequest, verification_id: str) -> HttpResponse:
        """Send her to the app again, with a new token."""
        try:
            found = find_verification(verification_id=verification_id, browser=browser_of(request))
        except LinkError as error:
            return refusal(request, error)
        here = reverse("connect:verification", args=[found.pk])
        return HttpResponseRedirect(send_again(verification=found, now=timezone.now()) or here)


def _verified(request: HttpRequest, verification: Verification) -> HttpResponse:
    attempt = verification.attempt
    outcome = outcome_of(attempt)
    if outcome is not None:
        if outcome.succeeded and not leads_to_life(attempt.link):
            return refusal(request, LinkUsed(), attempt.link)
        return onward(request, outcome)
    if verification.ended_at is not None:
        check_not_refused(attempt.link)
        # Another trip of hers from the same link has taken its place.
        return refusal(request, AttemptAnswered(), attempt.link)
    context = waiting_context(attempt.link, connecting=verification.verified_at is not None)
    return allow_forms_to(render(request, "connect/waiting.html", context), attempt.link)


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
    return allow_forms_to(render(request, page, context, status=status), link)


def _set_out(
    request: HttpRequest, link: ConnectLink, token: str, browser: str, given: Mapping[str, str]
) -> HttpResponse:
    now = timezone.now()
    if link.account.auth_config.scheme not in OAUTH_SCHEMES:
        return onward(request, take_key(token=token, browser=browser, given=given, now=now))
    departure = start_attempt(
        token=token,
        browser=browser,
        given=given,
        another_account="another_account" in request.POST,
        now=now,
    )
    return HttpResponseRedirect(departure.url)
