"""What the hosted pages show: who asks for what, how it ended, and the way on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils.translation import gettext as _

from connections.bidi import isolated
from connections.callback_urls import with_result
from connections.connect.catalog_words import described
from connections.connect.guarding import ANOTHER_PLACE, place_told
from connections.connect.starting import is_free_for, leads_to_life
from connections.connect.words import (
    Words,
    connected_words,
    failure_words,
    late_words,
    refusal_words,
)
from connections.errors import AnswerLost, LinkUsed
from connections.models import Reason

if TYPE_CHECKING:
    from connections.connect.outcome import Outcome
    from connections.errors import AttemptExpired, ConnectionsError
    from connections.models import ConnectLink
    from integrations.catalog import Toolkit


def confirm_context(link: ConnectLink, start_url: str) -> dict[str, Any]:
    """Return what the first page shows: who asks, for which account, for what."""
    account = link.account
    toolkit = account.auth_config.catalog_entry
    return {
        "project": account.project,
        "toolkit": toolkit,
        "account": account,
        "link": link,
        "scopes": _scopes(toolkit, account.auth_config.requested_scopes),
        "reconnecting": bool(account.identity_id),
        "identity_label": account.identity_label,
        "start_url": start_url,
        "cancel_url": return_url(link, status="canceled"),
    }


def _scopes(toolkit: Toolkit, scopes: list[str]) -> list[dict[str, str]]:
    return [described(scope, toolkit.describe_scope(scope)) for scope in scopes]


def done_context(link: ConnectLink) -> dict[str, Any]:
    """Return what the last page shows: whose account is connected to what."""
    account = link.account
    return {
        "project": account.project,
        "toolkit": account.catalog_entry,
        "account": account,
        "reconnected": account.status_reason == Reason.RECONNECTED,
    }


def waiting_context(link: ConnectLink, *, connecting: bool) -> dict[str, Any]:
    """Return what the page shows while the app has not answered, or the provider has not."""
    account = link.account
    return {
        "project": account.project,
        "toolkit": account.auth_config.catalog_entry,
        "connecting": connecting,
    }


def return_url(link: ConnectLink, *, status: str, error: str = "") -> str:
    """Return where the person goes back to, with the result in the query; empty if nowhere.

    It is the app's callback URL, or the portal on which she made the link herself.
    """
    place = _portal_url(link) or link.callback_url
    if not place:
        return ""
    result = {"status": status, "connected_account_id": link.account_id}
    if error:
        result["error"] = error
    if link.app_state:
        result["state"] = link.app_state
    return with_result(place, result)


def _portal_url(link: ConnectLink) -> str:
    """Return the portal that the person came from, on this host; empty where it was not one."""
    return reverse("connect:portal_accounts", args=[link.portal_id]) if link.portal_id else ""


def refusal_context(
    error: ConnectionsError, *, link: ConnectLink | None, browser: str
) -> dict[str, Any]:
    """Return what the page shows when a link or an answer cannot be used."""
    if link is None:
        return _problem(refusal_words(error), code=error.code)
    if not is_free_for(link, browser=browser):
        # Whoever this is, the app's state is none of hers.
        back = link.callback_url and with_result(
            link.callback_url, {"status": "failed", "error": error.code}
        )
        return _problem(refusal_words(error), code=error.code, link=link) | {"return_url": back}
    if leads_to_life(link):
        words = connected_words(link.account.auth_config.catalog_entry.name, error.status)
        return _problem(words, link=link, status="success")
    if link.completed_at is not None:
        # What it connected is over, and nobody should go on as if it were not.
        error = LinkUsed(link)
    return _problem(refusal_words(error), code=error.code, link=link, status="failed")


def failure_context(outcome: Outcome) -> dict[str, Any]:
    """Return what the page shows when the trip to the provider failed."""
    reason = outcome.reason
    context = _problem(
        failure_words(outcome), code=reason.value, link=outcome.link, status="failed"
    )
    context["another_account"] = reason in {Reason.IDENTITY_MISMATCH, Reason.ALREADY_CONNECTED}
    if reason == Reason.IDENTITY_MISMATCH and outcome.actual_identity:
        context["details"] = [
            (_("You connected"), outcome.actual_identity),
            (_("This link is for"), _expected(outcome)),
        ]
    return context


def _expected(outcome: Outcome) -> str:
    """Return what the link is for, in the kind of words that tell what was connected instead."""
    account = outcome.account
    if outcome.error_code == ANOTHER_PLACE:
        return place_told(account, account.parameters)
    return str(account.identity_label)


def late_context(error: AttemptExpired) -> dict[str, Any]:
    """Return what the page shows when the provider's answer came too late."""
    words = late_words(error.link.account.auth_config.catalog_entry.name)
    return _problem(words, code=error.code, link=error.link, status="failed")


def lost_context(link: ConnectLink) -> dict[str, Any]:
    """Return what the page shows when the provider's answer came and could not be stored."""
    message = _("Our database went away just as %(service)s answered. Please connect once more.")
    words = Words(
        title=_("The connection was not saved"),
        message=message % {"service": isolated(link.account.catalog_entry.name)},
        again=_("Try again"),
        status=AnswerLost.status,
    )
    # Without a way back: whether anything was stored is not known here.
    return _problem(words, code=AnswerLost.code, link=link)


def _problem(
    words: Words, *, code: str = "", link: ConnectLink | None = None, status: str = ""
) -> dict[str, Any]:
    """Return what every page of a problem shows; ``status`` is what the app is told."""
    context: dict[str, Any] = {"words": words, "code": code, "details": []}
    if link is None:
        return context
    error = code if status == "failed" else ""
    return context | {
        "project": link.account.project,
        "toolkit": link.account.auth_config.catalog_entry,
        "to_portal": bool(link.portal_id),
        "return_url": return_url(link, status=status, error=error) if status else "",
    }
