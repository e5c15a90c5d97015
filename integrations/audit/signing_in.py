"""Records how staff come in, go out, and change what they come in with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from allauth.account import signals as account
from allauth.mfa import signals as mfa
from django.contrib.auth import get_user_model
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db.models import Q
from django.dispatch import receiver

from integrations.audit.recording import Subject, record
from integrations.audit.ways_in import ways_in
from integrations.models.audit_entry import Outcome
from integrations.second_factors import name_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from allauth.mfa.models import Authenticator
    from django.contrib.auth.models import User
    from django.dispatch import Signal
    from django.http import HttpRequest

SIGN_IN, SIGN_OUT, FAILED = "sign_in", "sign_out", "sign_in_failed"
FACTOR_ADDED, FACTOR_REMOVED = "factor_added", "factor_removed"
CODES_RENEWED, SESSION_ENDED = "recovery_codes_renewed", "session_ended"
FACTOR_RENAMED = "factor_renamed"
FACTOR_RESET = "second_factor_reset"
SSO_REFUSED, SSO_FAILED = "sso_refused", "sso_failed"
SSO_ADDED, SSO_LINKED, SSO_ROLES = "sso_person_added", "sso_person_linked", "sso_roles_changed"
# Signals of somebody's own pages, with the code and the words of each.
_OWN: Mapping[Signal, tuple[str, str]] = {
    account.password_changed: ("password_changed", "Changed the password"),
    account.password_set: ("password_set", "Set a password"),
    account.password_reset: ("password_reset", "Reset the password by e-mail"),
    account.email_added: ("email_added", "Added an e-mail address"),
    account.email_changed: ("email_changed", "Changed the e-mail address"),
    account.email_removed: ("email_removed", "Removed an e-mail address"),
}
_FACTORS: Mapping[Signal, str] = {
    mfa.authenticator_added: FACTOR_ADDED,
    mfa.authenticator_removed: FACTOR_REMOVED,
    mfa.authenticator_reset: CODES_RENEWED,
}
WORDS = {
    SIGN_IN: "Signed in",
    SIGN_OUT: "Signed out",
    FAILED: "Failed to sign in",
    FACTOR_ADDED: "Added a second factor",
    FACTOR_REMOVED: "Removed a second factor",
    FACTOR_RENAMED: "Renamed a passkey",
    CODES_RENEWED: "Made new recovery codes",
    SESSION_ENDED: "Ended a session",
    FACTOR_RESET: "Reset the second factor",
    SSO_REFUSED: "Refused at single sign-on",
    SSO_FAILED: "Single sign-on failed",
    SSO_ADDED: "Added by single sign-on",
    SSO_LINKED: "Linked to single sign-on",
    SSO_ROLES: "Changed roles by single sign-on",
    **dict(_OWN.values()),
}


def _recorder(code: str) -> Callable[..., None]:
    def note_it(request: HttpRequest | None, user: User | None, **kwargs: Any) -> None:
        if user is not None and user.pk is not None:
            subject = Subject.of(user)
            record(
                request=request,
                actor=user,
                action=code,
                title=WORDS[code],
                subject=subject,
                note=ways_in(request, user) if code == SIGN_IN else "",
            )

    return note_it


@receiver(user_login_failed, dispatch_uid="audit_sign_in_failed")
def note_failure(
    credentials: Mapping[str, Any], request: HttpRequest | None = None, **kwargs: Any
) -> None:
    """Record a wrong password, and whose it would have been.

    A name that nobody has is left out: people type their password in the wrong field. Nobody is
    known to have done it, so there is no actor.
    """
    record_failure(request=request, user=_named(credentials), error_code="wrong_credentials")


def record_failure(
    *, request: HttpRequest | None, user: User | None, error_code: str, action: str = FAILED
) -> None:
    """Record that somebody did not come in, and as whom."""
    record(
        request=request,
        actor=None,
        action=action,
        title=WORDS[action],
        subject=Subject.of(user) if user else None,
        outcome=Outcome.REFUSED,
        error_code=error_code,
    )


def _note_wrong_code(request: HttpRequest | None, user: User, **kwargs: Any) -> None:
    record_failure(request=request, user=user, error_code="wrong_code")


def _factor_recorder(code: str) -> Callable[..., None]:
    def note_it(
        request: HttpRequest | None, user: User, authenticator: Authenticator, **kwargs: Any
    ) -> None:
        record(
            request=request,
            actor=user,
            action=code,
            title=WORDS[code],
            subject=Subject.of(user),
            note=name_of(authenticator),
        )

    return note_it


def _named(credentials: Mapping[str, Any]) -> User | None:
    names = [str(credentials.get(key) or "") for key in ("username", "email")]
    names = [name for name in names if name and "\0" not in name]
    if not names:
        return None
    found = Q(username__in=names)
    for name in names:
        found |= Q(email__iexact=name)
    return get_user_model().objects.filter(found).order_by("pk").first()


def connect() -> None:
    """Listen; called once the apps are loaded."""
    signals: list[tuple[Signal, str]] = [
        (user_logged_in, SIGN_IN),
        (user_logged_out, SIGN_OUT),
        *((signal, code) for signal, (code, _words) in _OWN.items()),
    ]
    for signal, code in signals:
        signal.connect(_recorder(code), weak=False, dispatch_uid=f"audit_{code}")
    for signal, code in _FACTORS.items():
        signal.connect(_factor_recorder(code), weak=False, dispatch_uid=f"audit_{code}")
    mfa.authentication_failed.connect(_note_wrong_code, dispatch_uid="audit_wrong_code")
