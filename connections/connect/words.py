"""What the pages say where something went wrong: in the person's words, with what she can do."""

from __future__ import annotations

import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext as _

from connections.bidi import isolated
from connections.connect.guarding import ANOTHER_PLACE
from connections.connect.verifying import INTERRUPTED, TOO_LATE
from connections.errors import (
    AttemptAnswered,
    AttemptExpired,
    AttemptRefused,
    AuthConfigDisabled,
    LinkExpired,
    LinkRefused,
    LinkUnknown,
    LinkUsed,
    ManagedAppDisabled,
    TooManyTries,
)
from connections.models import Reason
from integrations.models.auth_config import OAUTH_SCHEMES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connections.connect.outcome import Outcome
    from connections.errors import ConnectionsError

# Which of RFC 6749's errors say that the app, and not the person or the moment, is to blame.
_APPS_FAULT: Final = frozenset(
    {
        "invalid_client",
        "invalid_request",
        "invalid_scope",
        "redirect_uri_mismatch",
        "unauthorized_client",
        "unsupported_grant_type",
        "unsupported_response_type",
    }
)
_LATE: Final = frozenset({"deadline_exceeded", "http_504"})


@dataclass(frozen=True, kw_only=True)
class Words:
    """What a page says.

    ``again`` is on the button that leads to another try; empty where none helps. ``done``: it is
    no problem after all.
    """

    title: str
    message: str
    again: str = ""
    done: bool = False
    status: int = HTTPStatus.OK


def refusal_words(error: ConnectionsError) -> Words:
    """Say why a link or an answer cannot be used."""
    title, message = _refusals().get(type(error), _refusals()[LinkUnknown])
    return Words(title=title, message=message, status=error.status)


def connected_words(service: str, status: int) -> Words:
    """Say to whom comes back after it was done that it was."""
    return Words(
        title=_("You are connected already"),
        message=_("This link has done its work: %(service)s is connected.")
        % {"service": isolated(service)},
        done=True,
        status=status,
    )


def late_words(service: str) -> Words:
    """Say to whom comes back later than an answer is waited for that nothing was connected."""
    message = _(
        "To keep your account safe, we wait half an hour for %(service)s. Nothing was connected. "
        "Please start once more."
    )
    return Words(
        title=_("That took too long"),
        message=message % {"service": isolated(service)},
        again=_("Try again"),
        status=AttemptExpired.status,
    )


def failure_words(outcome: Outcome) -> Words:
    """Say why a trip to the provider failed, and what helps."""
    account = outcome.account
    names = {
        "service": isolated(account.auth_config.catalog_entry.name),
        "project": isolated(account.project.name),
        "identity": isolated(outcome.actual_identity),
    }
    words = _words(outcome)
    return Words(
        title=words.title % names,
        message=words.message % names,
        again=words.again,
        status=words.status,
    )


def _words(outcome: Outcome) -> Words:
    match outcome.reason:
        case Reason.CONSENT_DENIED:
            return Words(
                title=_("You did not allow it"),
                message=_("Nothing was connected. You can try again and allow it at %(service)s."),
                again=_("Try again"),
            )
        case Reason.IDENTITY_MISMATCH:
            return _another_account(outcome)
        case Reason.ALREADY_CONNECTED:
            return Words(
                title=_("%(identity)s is already connected"),
                message=_(
                    "%(project)s can use this %(service)s account already, so it was not connected "
                    "a second time. You can connect another account instead."
                ),
                again=_("Choose another account"),
                status=HTTPStatus.CONFLICT,
            )
        case Reason.VERIFICATION_FAILED:
            return _unverified(outcome.error_code)
        case Reason.PROBE_REJECTED:
            return _not_accepted(outcome)
    return _not_exchanged(outcome.error_code)


def _another_account(outcome: Outcome) -> Words:
    if outcome.error_code == ANOTHER_PLACE:
        return _another_place()
    asks = outcome.account.auth_config.catalog_entry.account_choice
    return Words(
        title=_("That was another account"),
        message=(
            _("Nothing was changed. %(service)s will ask you which account to use.")
            if asks
            else _(
                "Nothing was changed. If %(service)s signs you in without asking, sign out there "
                "first, then try again."
            )
        ),
        again=_("Try again with the right account"),
        status=HTTPStatus.CONFLICT,
    )


def _another_place() -> Words:
    return Words(
        title=_("That was another company or site"),
        message=_(
            "Nothing was changed. This link is for the company, site or address at %(service)s "
            "that was connected before. To connect another one as well, start in %(project)s."
        ),
        again=_("Try again with the right one"),
        status=HTTPStatus.CONFLICT,
    )


def _unverified(code: str) -> Words:
    if code == TOO_LATE:
        return Words(
            title=_("%(project)s did not confirm you in time"),
            message=_(
                "Before an account is connected, %(project)s has to say who you are. That took too "
                "long, so nothing was connected."
            ),
            again=_("Try again"),
            status=HTTPStatus.GONE,
        )
    return Words(
        title=_("This link is for somebody else"),
        message=_(
            "It was not made for whoever is signed in to %(project)s in this browser, so nothing "
            "was connected. If somebody else sent it to you, do not trust it. To connect your own "
            "account, start in %(project)s."
        ),
        status=HTTPStatus.FORBIDDEN,
    )


def _not_accepted(outcome: Outcome) -> Words:
    if outcome.account.auth_config.scheme in OAUTH_SCHEMES:
        return Words(
            title=_("%(service)s did not accept the connection"),
            message=_("It was made, but %(service)s refused to let it be used. Please try again."),
            again=_("Try again"),
            status=HTTPStatus.BAD_GATEWAY,
        )
    return Words(
        title=_("%(service)s does not accept this key"),
        message=_(
            "Check that it was copied whole, is still valid and may read your account. Nothing was "
            "connected yet."
        ),
        again=_("Enter it again"),
        status=HTTPStatus.UNPROCESSABLE_ENTITY,
    )


def _not_exchanged(code: str) -> Words:
    # A rule of the toolkit may have added a narrower word behind the code.
    first = re.split(r"[^\w]", code, maxsplit=1)[0]
    if first in _APPS_FAULT:
        return Words(
            title=_("%(service)s refused %(project)s"),
            message=_(
                "It is nothing you did, and trying again does not help: %(project)s has to correct "
                "how it asks %(service)s for your account. Nothing was connected."
            ),
            status=HTTPStatus.BAD_GATEWAY,
        )
    if first == "invalid_grant":
        return Words(
            title=_("That took too long"),
            message=_(
                "What %(service)s had confirmed could not be used any more. Nothing was connected. "
                "Please try once more."
            ),
            again=_("Try again"),
            status=HTTPStatus.BAD_GATEWAY,
        )
    if first == INTERRUPTED:
        return Words(
            title=_("The connection was interrupted"),
            message=_(
                "It is our fault and not yours. Nothing was connected. Please try once more."
            ),
            again=_("Try again"),
            status=HTTPStatus.INTERNAL_SERVER_ERROR,
        )
    late = first in _LATE
    return Words(
        title=_("%(service)s could not be reached"),
        message=_("Nothing was connected. It is not your fault: please try again in a moment."),
        again=_("Try again"),
        status=HTTPStatus.GATEWAY_TIMEOUT if late else HTTPStatus.BAD_GATEWAY,
    )


def _refusals() -> Mapping[type[ConnectionsError], tuple[str, str]]:
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
        LinkRefused: (
            _("This link is not valid any more"),
            _(
                "It was opened by somebody it was not made for. "
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
