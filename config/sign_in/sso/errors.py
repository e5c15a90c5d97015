"""Why somebody may not come in by single sign-on. The docstrings are what she reads."""

from integrations.errors import IntegrationsError


class SsoRefused(IntegrationsError):
    """You may not sign in here."""

    code = "sso_refused"
    status = 403


class EmailUnverified(SsoRefused):
    """Your identity provider does not say that your e-mail address is verified."""

    code = "sso_email_unverified"


class DomainNotAllowed(SsoRefused):
    """Your e-mail address is not of a domain that may sign in here."""

    code = "sso_domain_not_allowed"


class GroupMissing(SsoRefused):
    """You are in none of the groups that may sign in here."""

    code = "sso_group_missing"


class NobodyKnown(SsoRefused):
    """Nobody with your e-mail address works here."""

    code = "sso_nobody_known"


class SeveralKnown(SsoRefused):
    """Several people here have your e-mail address."""

    code = "sso_several_known"


class OtherIdentity(SsoRefused):
    """The account with your e-mail address is linked to somebody else at your identity provider."""

    code = "sso_other_identity"


class SwitchedOff(SsoRefused):
    """Your account here is switched off, or may not enter the console."""

    code = "sso_switched_off"


class OnlyToSignIn(SsoRefused):
    """Single sign-on is for signing in only."""

    code = "sso_only_to_sign_in"
