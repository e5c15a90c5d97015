"""The answers that several of the hosted pages give, and the cookies that they read and set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from connections.connect.fields import asks_person, form_source
from connections.connect.holding import Held
from connections.connect.outcome import outcome_of
from connections.connect.pages import (
    failure_context,
    late_context,
    lost_context,
    refusal_context,
    return_url,
)
from connections.errors import AttemptAnswered, AttemptExpired
from connections.issuing import LINK_PATH

if TYPE_CHECKING:
    from django.http import HttpRequest

    from connections.connect.outcome import Outcome
    from connections.errors import AnswerLost, ConnectionsError
    from connections.models import ConnectAttempt, ConnectLink

BROWSER_COOKIE = "evergrant_connect"
# Longer than any link lives, and a trip that begins at its end.
BROWSER_COOKIE_SECONDS = 25 * 3600


def onward(request: HttpRequest, result: Outcome | Held) -> HttpResponse:
    """Send the person on: to the app, which says who she is, to its callback URL, or to a page."""
    if isinstance(result, Held):
        return HttpResponseRedirect(result.url)
    return _success(result) if result.succeeded else failure(request, result)


def _success(outcome: Outcome) -> HttpResponse:
    # Off this address, which holds the code: a reload must not look like a replay.
    finished = reverse("connect:finished", args=[outcome.link.pk])
    target = return_url(outcome.link, status="success") or finished
    response = HttpResponseRedirect(target)
    response.delete_cookie(try_again_cookie(outcome.link), path=LINK_PATH)
    return response


def failure(request: HttpRequest, outcome: Outcome, *, status: int | None = None) -> HttpResponse:
    """Say why it failed; ``status`` where it is not what the failure itself is answered with."""
    return _problem(request, outcome.link, failure_context(outcome), status=status)


def lost(request: HttpRequest, error: AnswerLost) -> HttpResponse:
    """Say that what the provider answered could not be stored."""
    # Nothing is read here: the database is away. The code is used up, so a new trip has to begin.
    return _problem(request, error.link, lost_context(error.link))


def refusal(
    request: HttpRequest, error: ConnectionsError, link: ConnectLink | None = None
) -> HttpResponse:
    """Say why a link or an answer cannot be used; how it ended, where that is known."""
    attempt = error.attempt if isinstance(error, AttemptAnswered) else None
    if attempt is not None:
        return _answered(request, error, attempt)
    if isinstance(error, AttemptExpired):
        return _problem(request, error.link, late_context(error))
    link = link or getattr(error, "link", None)
    context = refusal_context(error, link=link, browser=browser_of(request))
    return render(request, "connect/problem.html", context, status=error.status)


def _answered(
    request: HttpRequest, error: ConnectionsError, attempt: ConnectAttempt
) -> HttpResponse:
    """Answer the reload of a page that took the provider's answer in."""
    verification = getattr(attempt, "verification", None)
    if verification is not None:
        return HttpResponseRedirect(reverse("connect:verification", args=[verification.pk]))
    outcome = outcome_of(attempt)
    if outcome is not None and not outcome.succeeded and outcome.link.completed_at is None:
        return failure(request, outcome, status=error.status)
    context = refusal_context(error, link=attempt.link, browser=browser_of(request))
    return render(request, "connect/problem.html", context, status=error.status)


def _problem(
    request: HttpRequest, link: ConnectLink, context: dict[str, Any], *, status: int | None = None
) -> HttpResponse:
    words = context["words"]
    context |= {
        "try_again_url": _try_again_url(request, link) if words.again else "",
        # What is typed in begins with the form.
        "try_again_with_form": asks_person(link),
    }
    status = status or words.status
    response = render(request, "connect/problem.html", context, status=status)
    return allow_forms_to(response, link)


def allow_forms_to(response: HttpResponse, link: ConnectLink) -> HttpResponse:
    """Let the page's form lead to the provider and to the app.

    Browsers hold every redirect that follows to `form-action` too, and providers send people on
    between hosts of theirs that nobody has listed: so any https address will do.
    """
    project = link.account.project
    urls = (
        link.account.auth_config.catalog_entry.authorization_url,
        link.callback_url,
        project.verification_url,
    )
    sources = [*filter(None, map(form_source, urls)), "https:"]
    # What django-csp's decorator sets; the origins are known only here.
    update = {"form-action": list(dict.fromkeys(sources))}
    response._csp_update = update  # type: ignore[attr-defined]  # noqa: SLF001
    return response


def try_again_cookie(link: ConnectLink) -> str:
    """Name the cookie that keeps a link's token, so that its pages can offer to try again."""
    return f"evergrant_{link.pk}"


def _try_again_url(request: HttpRequest, link: ConnectLink) -> str:
    token = request.COOKIES.get(try_again_cookie(link), "")
    usable = token.isascii() and token and link.is_open(now=timezone.now())
    return reverse("connect:link", args=[token]) if usable else ""


def browser_of(request: HttpRequest) -> str:
    """Return the random text in this browser's cookie; empty where it has none."""
    return request.COOKIES.get(BROWSER_COOKIE, "")


def set_cookie(request: HttpRequest, response: HttpResponse, name: str, value: str) -> None:
    """Give the browser a cookie for the hosted pages."""
    response.set_cookie(
        name,
        value,
        max_age=BROWSER_COOKIE_SECONDS,
        path=LINK_PATH,
        secure=request.is_secure(),
        httponly=True,
        samesite="Lax",
    )
