"""What may go wrong with an entity's connections.

ConnectionsError
├── StatusChanged
├── TransitionRefused
├── AccountExists, AliasTaken
├── CallbackUrlRefused
├── AuthConfigDisabled, ManagedAppDisabled
├── AccountUnusable      (not ACTIVE: reconnect, enable, ...)
├── RefreshUnavailable   (the provider is down and no token lives)
├── RefreshTimeout       (another caller's refresh takes too long)
├── IncidentNotConfirmed, JobHasEnded, BulkJobOfStaff, LinksTaken
├── NothingToProbe, ProbedJustNow, ProviderSpared
└── LinkError
    ├── LinkUnknown, LinkExpired, LinkUsed
    ├── LinkRefused, AttemptRefused, AttemptAnswered, AttemptExpired, AnswerLost
    ├── VerificationUnknown, VerificationAnswered
    ├── KeyRefused, ProviderUnavailable, TooManyTries
    ├── PortalUnknown, PortalExpired, PortalOpenedElsewhere, PortalNotOpen
    └── NoticeUnknown, NoticeExpired
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integrations.errors import EvergrantError

if TYPE_CHECKING:
    from connections.models import ConnectAttempt, ConnectLink, ExpiryNotice, PortalLink


class ConnectionsError(EvergrantError):
    """Something is wrong with this connection."""


class StatusChanged(ConnectionsError):
    """The account's status was changed by somebody else meanwhile. Look again."""

    code = "status_changed"
    status = 409
    retryable = True


class TransitionRefused(ConnectionsError):
    """An account with this status cannot be changed that way."""

    code = "transition_refused"
    status = 409


class AccountExists(ConnectionsError):
    """The entity already has an account at this toolkit. Reconnect it, or allow several."""

    code = "connected_account_exists"
    status = 409


class AliasTaken(ConnectionsError):
    """The entity already has an account of this alias at this toolkit."""

    code = "alias_taken"
    status = 409


class CallbackUrlRefused(ConnectionsError):
    """The callback URL is not on the project's list of allowed callback URLs."""

    code = "callback_url_refused"
    status = 400


class AuthConfigDisabled(ConnectionsError):
    """The auth config is disabled."""

    code = "auth_config_disabled"
    status = 409


class ManagedAppDisabled(ConnectionsError):
    """The operator of this instance lets nobody connect with its own app at the moment."""

    code = "managed_app_disabled"
    status = 409


class AccountUnusable(ConnectionsError):
    """The account is not active, so it cannot be used."""

    code = "connected_account_unusable"
    status = 409


class NothingToRefresh(ConnectionsError):
    """The service gave no refresh token. The access token works until it ends."""

    code = "nothing_to_refresh"
    status = 409


class RefreshUnavailable(ConnectionsError):
    """The token has run out and the provider does not issue a new one at the moment."""

    code = "refresh_unavailable"
    status = 503
    retryable = True


class RefreshTimeout(ConnectionsError):
    """Another refresh of this account did not finish in time."""

    code = "refresh_timeout"
    status = 504
    retryable = True


class IncidentNotConfirmed(ConnectionsError):
    """To confirm, type the name exactly as it is shown, and say why."""

    code = "incident_not_confirmed"
    status = 409


class JobHasEnded(ConnectionsError):
    """This job does not stand where that can be done with it (any more)."""

    code = "bulk_job_has_ended"
    status = 409


class BulkJobOfStaff(ConnectionsError):
    """This job runs for staff. They alone cancel it and let it go on, in the console."""

    code = "bulk_job_of_staff"
    status = 403


class LinksTaken(ConnectionsError):
    """There is no link to download: each is given away once, and forgotten when it ends."""

    code = "links_taken"
    status = 410


class NothingToProbe(ConnectionsError):
    """The catalog knows no call by which this service tells whether a token works."""

    code = "nothing_to_probe"
    status = 409


class ProbedJustNow(ConnectionsError):
    """The provider was asked about this account a moment ago, or is being asked. Wait a little."""

    code = "probed_just_now"
    status = 409
    retryable = True


class ProviderSpared(ConnectionsError):
    """The provider fails at the moment or asked for patience, so it is not called."""

    code = "provider_spared"
    status = 503
    retryable = True


class LinkError(ConnectionsError):
    """This link does not work."""

    # Where it is known: the page says who sent the person, and leads her back there.
    link: ConnectLink | None = None

    def __init__(self, link: ConnectLink | None = None, **details: Any) -> None:
        self.link = link
        super().__init__(**details)


class LinkUnknown(LinkError):
    """There is no such link."""

    code = "link_unknown"
    status = 404


class LinkExpired(LinkError):
    """This link has expired."""

    code = "link_expired"
    status = 410


class LinkUsed(LinkError):
    """This link was used already."""

    code = "link_used"
    status = 410


class LinkRefused(LinkError):
    """The app said that somebody else than this link's user had opened it."""

    code = "link_refused"
    status = 410


class AttemptRefused(LinkError):
    """This answer does not belong to a connection that was started in this browser."""

    code = "attempt_refused"
    status = 403


class AttemptAnswered(LinkError):
    """This answer is unknown or was handled already."""

    code = "attempt_answered"
    status = 400

    def __init__(self, attempt: ConnectAttempt | None = None) -> None:
        self.attempt = attempt
        super().__init__(attempt.link if attempt else None)


class AttemptExpired(LinkError):
    """The person was at the provider for longer than an answer is waited for."""

    code = "attempt_expired"
    status = 410
    link: ConnectLink

    def __init__(self, link: ConnectLink) -> None:
        super().__init__(link)


class AnswerLost(LinkError):
    """The database went away before what the provider answered was stored. Connect once more."""

    code = "answer_lost"
    status = 503
    retryable = True
    link: ConnectLink

    def __init__(self, link: ConnectLink) -> None:
        super().__init__(link)


class VerificationUnknown(LinkError):
    """Nothing of this account waits for that verification token."""

    code = "verification_unknown"
    status = 409


class VerificationAnswered(LinkError):
    """This verification was answered for another user already. The first answer counts."""

    code = "verification_answered"
    status = 409


class KeyRefused(LinkError):
    """The service does not accept this key."""

    code = "key_refused"
    status = 422


class ProviderUnavailable(LinkError):
    """The service could not be reached. Nothing was connected."""

    code = "provider_unavailable"
    status = 502
    retryable = True


class TooManyTries(LinkError):
    """This link was tried too often. Ask for a new one."""

    code = "too_many_tries"
    status = 429


class PortalUnknown(LinkError):
    """There is no such portal link."""

    code = "portal_unknown"
    status = 404


class PortalNotOpen(LinkError):
    """This browser has not opened a portal here."""

    code = "portal_not_open"
    status = 403


class PortalExpired(LinkError):
    """This portal link has expired."""

    code = "portal_expired"
    status = 410

    def __init__(self, portal: PortalLink) -> None:
        self.portal = portal
        super().__init__()


class PortalOpenedElsewhere(LinkError):
    """This portal link was opened in another browser."""

    code = "portal_opened_elsewhere"
    status = 410

    def __init__(self, portal: PortalLink) -> None:
        self.portal = portal
        super().__init__()


class NoticeUnknown(LinkError):
    """There is no mail with such a link."""

    code = "notice_unknown"
    status = 404


class NoticeExpired(LinkError):
    """The link of this mail leads nowhere any more."""

    code = "notice_expired"
    status = 410

    def __init__(self, notice: ExpiryNotice) -> None:
        self.notice = notice
        super().__init__()


class NoAddress(ConnectionsError):
    """The person has no e-mail address here, or wants no mails."""

    code = "no_address"
    status = 409
