"""The person's words for how an account stands and what she can do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from connections.bidi import isolated
from connections.models import Reason, Status
from integrations.models.auth_config import OAUTH_SCHEMES

if TYPE_CHECKING:
    from connections.models import ConnectedAccount, Revocation


def standing(account: ConnectedAccount) -> tuple[str, str]:
    """Return the status in plain words, and its tone."""
    if account.status_reason == Reason.LINK_EXPIRED:
        return _("Not connected yet"), "quiet"
    words = {
        Status.INITIATED: (_("Not connected yet"), "quiet"),
        Status.ACTIVE: (_("Connected"), "good"),
        Status.INACTIVE: (_("Paused"), "quiet"),
        Status.EXPIRED: (_("Needs to be connected again"), "warn"),
        Status.FAILED: (_("Could not be connected"), "quiet"),
        Status.REVOKED: (_("Disconnected"), "quiet"),
    }
    return words[Status(account.status)]


def reconnect_label(account: ConnectedAccount) -> str:
    """Name the button that leads to the service."""
    if account.status == Status.REVOKED:
        return _("Connect again")
    return _("Reconnect") if account.granted_at else _("Connect")


def undivided(account: ConnectedAccount) -> str:
    """Say what is allowed where the grant has no parts to list."""
    service = {"service": isolated(account.auth_config.toolkit_name)}
    if account.auth_config.scheme in OAUTH_SCHEMES:
        return _("What you agreed to at %(service)s.") % service
    return _("All that your key allows at %(service)s.") % service


def advice(account: ConnectedAccount, revocation: Revocation | None) -> str:
    """Say why it stands so, and what the person may do; empty where all is well."""
    names = {
        "service": isolated(account.auth_config.toolkit_name),
        "project": isolated(account.project.name),
    }
    if account.status == Status.REVOKED:
        return f"{_who(account)} {_upstream(revocation)}".strip() % names
    return _why(account) % names


def _why(account: ConnectedAccount) -> str:
    if account.status == Status.ACTIVE:
        return _trouble(account)
    if account.status == Status.INACTIVE:
        return _("%(project)s has switched this connection off for now and cannot use it.")
    if account.status == Status.EXPIRED and account.status_reason != Reason.LINK_EXPIRED:
        return why_it_ended(account.status_reason)
    if account.status == Status.FAILED:
        return _("The last try did not work. You can connect it now.")
    return _("You were asked to connect it and have not done so yet.")


def _trouble(account: ConnectedAccount) -> str:
    if account.missing_scopes:
        return _("It lacks permissions that %(project)s needs by now. Reconnect to give them.")
    if account.refresh_failing_since:
        return _("%(service)s does not answer well at the moment. You need not do anything.")
    return ""


def why_it_ended(reason: str) -> str:
    """Say why a grant died; with ``service`` and ``project`` to be put in."""
    return _deaths().get(reason, _("%(project)s cannot use it any more."))


def _deaths() -> dict[str, str]:
    over = _("%(service)s has ended the access, as it does after some time.")
    return {
        Reason.GRANT_REVOKED: _("The access was withdrawn at %(service)s."),
        Reason.REFRESH_TOKEN_EXPIRED: over,
        Reason.TOKEN_EXPIRED: over,
        Reason.PROBE_REJECTED: _("%(service)s does not accept the connection any more."),
    }


def _who(account: ConnectedAccount) -> str:
    if account.status_reason == Reason.REVOKED_BY_PERSON:
        return _("You disconnected it.")
    return _("%(project)s disconnected it.")


def _upstream(revocation: Revocation | None) -> str:
    """Say how far the end of the access got at the service."""
    if revocation is None or revocation.superseded_at:
        return ""
    if revocation.confirmed_at:
        return _("%(service)s has confirmed that the access is over.")
    if revocation.given_up_at:
        return _(
            "We could not end the access at %(service)s: remove %(project)s in your settings there."
        )
    return _("%(service)s is being told to end the access, and may list it for a while.")
