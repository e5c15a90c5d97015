"""When a second factor must have been proved: before every page of the console, where it is set.

The rule looks at the session, not only at the person: a session that was begun with the password
alone, before its owner had a factor, opens nothing either until it is proved there. Nor does it
change, wherever that is set or not, what the owner proves herself with: it would take the factor
away, or add one of its own and have proved that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from allauth.account.authentication import get_authentication_records
from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added, authenticator_reset
from allauth.mfa.stages import AuthenticateStage
from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.dispatch import receiver
from django.http import HttpResponseRedirect
from django.urls import reverse

from config.api_path import DOCS
from integrations.audit import Subject, record
from integrations.audit.signing_in import SESSION_ENDED, WORDS
from integrations.second_factors import PROVING
from integrations.sessions import end_sessions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from django.http import HttpRequest, HttpResponse

# Whoever may not come in may still leave.
_FREE: Final = frozenset({"admin:logout"})
# The ways in and out, and where a factor is proved. Everything else below the same address shows
# or changes what opens the account.
OPEN: Final = frozenset(
    {
        "account_inactive",
        "account_login",
        "account_logout",
        "account_reset_password",
        "account_reset_password_done",
        "account_reset_password_from_key",
        "account_reset_password_from_key_done",
        "account_signup",
        "mfa_authenticate",
        "mfa_login_webauthn",
        "mfa_reauthenticate",
        "mfa_reauthenticate_webauthn",
        "socialaccount_login_cancelled",
        "socialaccount_login_error",
        "sso_callback",
        "sso_start",
    }
)
_ACCESS: Final = "accounts/"
SET_ONE_UP: Final = "Set up a second factor to go on: a passkey or an authenticator app."
SIGNED_OUT_ELSEWHERE: Final = "You were signed out everywhere else."


class SecondFactorMiddleware:
    """Leads staff who have not proved a second factor to where they can.

    Before the console if it is required; before the pages of their own access if they have one.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> HttpResponse | None:
        """Answer instead of the view where the session is not good enough for it."""
        required = settings.REQUIRE_SECOND_FACTOR and _is_console(request)
        if not (required or _is_own_access(request)) or not request.user.is_authenticated:
            return None
        held = _held_by(request.user)
        if _has_proved(request, held) or not (required or _proving(held)):
            return None
        return _lead(request, held)


def lacks_proof(request: HttpRequest) -> bool:
    """Whether the person has a second factor, and the session proved none that she still has."""
    held = _held_by(request.user)
    return bool(_proving(held)) and not _has_proved(request, held)


class SecondFactorStage(AuthenticateStage):  # type: ignore[misc]
    """Asks for the second factor at sign-in, but of those whose single sign-on counts as one."""

    def handle(self) -> tuple[HttpResponse | None, bool]:
        if _sso_counts(self.request, self.login.user):
            return None, True
        answer: tuple[HttpResponse | None, bool] = super().handle()
        return answer


def _held_by(user: Any) -> dict[int, str]:
    """Return the kinds of what ``user`` can prove herself with, by id."""
    return dict(Authenticator.objects.filter(user_id=user.pk).values_list("pk", "type"))


def _proving(held: Mapping[int, str]) -> set[str]:
    """Return the kinds that are factors of their own."""
    return {kind for kind in held.values() if kind in PROVING}


def _has_proved(request: HttpRequest, held: Mapping[int, str]) -> bool:
    """Whether the session proved one of ``held``, or came by an SSO that counts.

    One that was removed since, because it was lost or stolen, counts no more.
    """
    if _sso_counts(request, request.user):
        return True
    proved = {each.get("id") for each in _proofs(request)}
    return not proved.isdisjoint(held) and bool(_proving(held))


def _proofs(request: HttpRequest) -> list[dict[str, Any]]:
    user: Any = request.user
    records = get_authentication_records(request, user)
    return [each for each in records if each.get("method") == "mfa"]


def _sso_counts(request: HttpRequest, user: Any) -> bool:
    if not settings.SSO_IS_SECOND_FACTOR:
        return False
    records = get_authentication_records(request, user)
    return any(each.get("method") == "socialaccount" for each in records)


def _is_console(request: HttpRequest) -> bool:
    match = request.resolver_match
    if match is not None and match.view_name in _FREE:
        return False
    # By address and by name: a page may be mounted beside the admin's own, or the admin elsewhere.
    below = request.path.startswith(reverse("admin:index")) or request.path_info.startswith(DOCS)
    return below or (match is not None and "admin" in match.app_names)


def _is_own_access(request: HttpRequest) -> bool:
    match = request.resolver_match
    return match is not None and match.route.startswith(_ACCESS) and match.view_name not in OPEN


def _lead(request: HttpRequest, held: Mapping[int, str]) -> HttpResponse:
    kinds = _proving(held)
    if not kinds:
        messages.warning(request, SET_ONE_UP)
        return HttpResponseRedirect(reverse("security"))
    by_passkey = Authenticator.Type.TOTP not in kinds
    name = "mfa_reauthenticate_webauthn" if by_passkey else "mfa_reauthenticate"
    return HttpResponseRedirect(f"{reverse(name)}?{urlencode({'next': request.get_full_path()})}")


@receiver(authenticator_added, dispatch_uid="second_factor_proved")
def note_proof(request: HttpRequest, authenticator: Authenticator, **kwargs: Any) -> None:
    """Have a factor count in the session that set it up: its first code or signature is a proof.

    With the first one her other sessions end: whoever began one needed the password alone.
    """
    if authenticator.type not in PROVING:
        return
    _record_proof(request, authenticator)
    others = Authenticator.objects.filter(user_id=authenticator.user_id, type__in=PROVING)
    if not others.exclude(pk=authenticator.pk).exists():
        _end_other_sessions(request)


@receiver(authenticator_reset, dispatch_uid="second_factor_codes_renewed")
def carry_proof(request: HttpRequest, authenticator: Authenticator, **kwargs: Any) -> None:
    """Have new recovery codes count in the session that one of the old ones opened."""
    if any(each.get("type") == authenticator.type for each in _proofs(request)):
        _record_proof(request, authenticator)


def _record_proof(request: HttpRequest, authenticator: Authenticator) -> None:
    record_authentication(
        request, request.user, "mfa", id=authenticator.pk, type=authenticator.type
    )


def _end_other_sessions(request: HttpRequest) -> None:
    user: Any = request.user
    with transaction.atomic():
        ended = end_sessions(user=user, keep=request.session.session_key)
        if not ended:
            return
        record(
            request=request,
            actor=user,
            action=SESSION_ENDED,
            title=WORDS[SESSION_ENDED],
            subject=Subject.of(user),
            note=f"all others ({ended}), with the first second factor",
        )
    messages.info(request, SIGNED_OUT_ELSEWHERE)
