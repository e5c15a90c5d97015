"""What the hosted pages say: the person's words for everything that can happen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils.translation import gettext as _

from connections.bidi import isolated
from connections.callback_urls import with_result
from connections.connect.catalog_words import described
from connections.errors import (
    AnswerLost,
    AttemptAnswered,
    AttemptRefused,
    AuthConfigDisabled,
    LinkExpired,
    LinkUnknown,
    LinkUsed,
    ManagedAppDisabled,
    TooManyTries,
)
from connections.models import Reason

if TYPE_CHECKING:
    from connections.connect.outcome import Outcome
    from connections.errors import ConnectionsError
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


def refusal_context(error: ConnectionsError) -> dict[str, Any]:
    """Return what the page says when a link or an answer cannot be used."""
    title, message = _refusals().get(type(error), _refusals()[LinkUnknown])
    return {"title": title, "message": message, "code": error.code, "details": []}


def failure_context(outcome: Outcome) -> dict[str, Any]:
    """Return what the page says when the trip to the provider failed."""
    account, link = outcome.account, outcome.link
    toolkit = account.auth_config.catalog_entry
    title, message = _failure_words(outcome.reason, toolkit.name)
    details = []
    if outcome.actual_identity:
        details = [
            (_("This link is for"), account.identity_label),
            (_("You chose"), outcome.actual_identity),
        ]
    return {
        "title": title,
        "message": message,
        "code": outcome.reason.value,
        "project": account.project,
        "toolkit": toolkit,
        "details": details,
        "to_portal": bool(link.portal_id),
        "return_url": return_url(link, status="failed", error=outcome.reason.value),
    }


def lost_context(link: ConnectLink) -> dict[str, Any]:
    """Return what the page says when the provider's answer came and could not be stored."""
    toolkit = link.account.catalog_entry
    message = _("Our database went away just as %(service)s answered. Please connect once more.")
    return {
        "title": _("The connection was not saved"),
        "message": message % {"service": isolated(toolkit.name)},
        "code": AnswerLost.code,
        "project": link.account.project,
        "toolkit": toolkit,
        "details": [],
    }


def _refusals() -> dict[type[ConnectionsError], tuple[str, str]]:
    switched_off = (
        _("Connecting is switched off"),
        _("The app does not accept new connections to this service at the moment."),
    )
    return {
        LinkUnknown: (
            _("This link does not exist"),
            _("Ask the app that sent you here for a new link."),
        ),
        LinkExpired: (
            _("This link has expired"),
            _(
                "Links work for a short time only, to keep your account safe. "
                "Ask the app that sent you here for a new link."
            ),
        ),
        LinkUsed: (
            _("This link was used already"),
            _(
                "Each link works once, in one browser. "
                "Ask the app that sent you here for a new link."
            ),
        ),
        TooManyTries: (
            _("This link was tried too often"),
            _("No further key is taken in on it. Ask the app that sent you here for a new link."),
        ),
        AuthConfigDisabled: switched_off,
        ManagedAppDisabled: switched_off,
        AttemptAnswered: (
            _("This step was done already"),
            _(
                "It cannot be repeated. Go back to the app to see whether you are connected. "
                "Ask the app that sent you here for a new link."
            ),
        ),
        AttemptRefused: (
            _("We could not match this answer"),
            _(
                "It does not belong to a connection that was started in this browser, "
                "so nothing was connected. Ask the app that sent you here for a new link."
            ),
        ),
    }


def _failure_words(reason: Reason, service: str) -> tuple[str, str]:
    words = {
        Reason.CONSENT_DENIED: (
            _("You did not allow it"),
            _("Nothing was connected. You can try again and allow it at %(service)s."),
        ),
        Reason.IDENTITY_MISMATCH: (
            _("That was another account"),
            _("Sign in at %(service)s with the account this link is for and try again."),
        ),
        Reason.PROBE_REJECTED: (
            _("%(service)s did not accept the connection"),
            _("It was made, but %(service)s refused to let it be used. Please try again."),
        ),
    }
    unavailable = (
        _("%(service)s could not be reached"),
        _("Nothing was connected. It is not your fault: please try again in a moment."),
    )
    title, message = words.get(reason, unavailable)
    named = {"service": isolated(service)}
    return title % named, message % named
