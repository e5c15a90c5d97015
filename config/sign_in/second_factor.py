"""When a second factor must have been proved: before every page of the console, where it is set.

The rule looks at the session, not only at the person: a session that was begun with the password
alone, before its owner had a factor, opens nothing either until it is proved there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from allauth.account.authentication import get_authentication_records
from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added
from allauth.mfa.stages import AuthenticateStage
from django.conf import settings
from django.contrib import messages
from django.dispatch import receiver
from django.http import HttpResponseRedirect
from django.urls import reverse

from config.api_path import DOCS
from integrations.second_factors import PROVING, has_second_factor

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.base_user import AbstractBaseUser
    from django.http import HttpRequest, HttpResponse

# Whoever may not come in may still leave.
_FREE: Final = frozenset({"admin:logout"})
SET_ONE_UP: Final = "Set up a second factor to go on: a passkey or an authenticator app."


class SecondFactorMiddleware:
    """Leads staff who have not proved a second factor to where they can, if it is required."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> HttpResponse | None:
        """Answer instead of the view where the session is not good enough for it."""
        if not settings.REQUIRE_SECOND_FACTOR or not _is_guarded(request):
            return None
        if not request.user.is_authenticated or has_proved(request):
            return None
        return _lead(request)


class SecondFactorStage(AuthenticateStage):  # type: ignore[misc]
    """Asks for the second factor at sign-in, but of those whose single sign-on counts as one."""

    def handle(self) -> tuple[HttpResponse | None, bool]:
        if _sso_counts(self.request, self.login.user):
            return None, True
        answer: tuple[HttpResponse | None, bool] = super().handle()
        return answer


def has_proved(request: HttpRequest) -> bool:
    """Whether the session proved a factor that there still is, or came by an SSO that counts."""
    user: Any = request.user
    if _sso_counts(request, user):
        return True
    records = get_authentication_records(request, user)
    return any(each.get("method") == "mfa" for each in records) and has_second_factor(user)


def _sso_counts(request: HttpRequest, user: AbstractBaseUser | None) -> bool:
    if not settings.SSO_IS_SECOND_FACTOR:
        return False
    records = get_authentication_records(request, user)
    return any(each.get("method") == "socialaccount" for each in records)


def _is_guarded(request: HttpRequest) -> bool:
    match = request.resolver_match
    if match is not None and match.view_name in _FREE:
        return False
    # By address and by name: a page may be mounted beside the admin's own, or the admin elsewhere.
    below = request.path.startswith(reverse("admin:index")) or request.path_info.startswith(DOCS)
    return below or (match is not None and "admin" in match.app_names)


def _lead(request: HttpRequest) -> HttpResponse:
    kinds = Authenticator.objects.filter(user_id=request.user.pk, type__in=PROVING)
    held = set(kinds.values_list("type", flat=True))
    if not held:
        messages.warning(request, SET_ONE_UP)
        return HttpResponseRedirect(reverse("security"))
    by_passkey = Authenticator.Type.TOTP not in held
    name = "mfa_reauthenticate_webauthn" if by_passkey else "mfa_reauthenticate"
    return HttpResponseRedirect(f"{reverse(name)}?{urlencode({'next': request.get_full_path()})}")


@receiver(authenticator_added, dispatch_uid="second_factor_proved")
def note_proof(request: HttpRequest, authenticator: Authenticator, **kwargs: Any) -> None:
    """Have a factor count in the session that set it up: its first code or signature is a proof."""
    if authenticator.type in PROVING:
        record_authentication(
            request, request.user, "mfa", id=authenticator.pk, type=authenticator.type
        )
