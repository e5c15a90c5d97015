"""Where people look after their own access: password, second factors, sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from allauth.account.internal.flows.logout import logout
from allauth.mfa.base.views import AuthenticateView as AllauthsAuthenticateView
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.webauthn.views import EditWebAuthnView
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import Http404, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from integrations.audit import Subject, record
from integrations.audit.signing_in import FACTOR_RENAMED, SESSION_ENDED, WORDS
from integrations.browsers import describe_browser
from integrations.second_factors import PROVING, factors_of, name_of
from integrations.sessions import end_session, end_sessions, sessions_of

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.http import HttpRequest, HttpResponse


class AuthenticateView(AllauthsAuthenticateView):  # type: ignore[misc]
    """The second factor at sign-in, with what the person has of it."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add which kinds there are, so that no other is offered."""
        context: dict[str, Any] = super().get_context_data(**kwargs)
        kinds = {factor.type for factor in factors_of(self.stage.login.user)}
        return {**context, "kinds": kinds}


class RenamePasskeyView(EditWebAuthnView):  # type: ignore[misc]
    """What a passkey is called; allauth has no signal for it."""

    def form_valid(self, form: Any) -> HttpResponse:
        """Rename it, and record that."""
        before = name_of(self.object)
        with transaction.atomic():
            answer: HttpResponse = super().form_valid(form)
            note = f"{before}, now {name_of(self.object)}"
            _record(self.request, self.object.user, note, action=FACTOR_RENAMED)
        return answer


@never_cache
@login_required
@require_GET
def security(request: HttpRequest) -> HttpResponse:
    """Show what opens the person's account, and where it is open."""
    return render(request, "sign_in/security.html", _access_of(request))


@login_required
@require_POST
def end_one(request: HttpRequest, number: int) -> HttpResponse:
    """End one of the person's own sessions. Raises Http404: it is none of hers."""
    user: Any = request.user
    with transaction.atomic():
        row = end_session(user=user, number=number)
        if row is None:
            raise Http404
        _record(request, user, describe_browser(row.user_agent))
    if row.session_key == request.session.session_key:
        logout(request)
        return HttpResponseRedirect(reverse("account_login"))
    messages.success(request, f"Signed out: {describe_browser(row.user_agent)}.")
    return HttpResponseRedirect(reverse("security"))


@login_required
@require_POST
def end_others(request: HttpRequest) -> HttpResponse:
    """End all sessions of the person but this one."""
    user: Any = request.user
    with transaction.atomic():
        ended = end_sessions(user=user, keep=request.session.session_key)
        _record(request, user, f"all others ({ended})")
    messages.success(request, "Signed out everywhere else.")
    return HttpResponseRedirect(reverse("security"))


def _record(request: HttpRequest, user: User, note: str, *, action: str = SESSION_ENDED) -> None:
    record(
        request=request,
        actor=user,
        action=action,
        title=WORDS[action],
        subject=Subject.of(user),
        note=note,
    )


def _access_of(request: HttpRequest) -> dict[str, Any]:
    user: Any = request.user
    factors = factors_of(user)
    of_kind = {kind: [each for each in factors if each.type == kind] for kind in Authenticator.Type}
    codes = of_kind[Authenticator.Type.RECOVERY_CODES]
    return {
        "app": next(iter(of_kind[Authenticator.Type.TOTP]), None),
        "passkeys": of_kind[Authenticator.Type.WEBAUTHN],
        "codes": codes[0] if codes else None,
        "codes_left": len(RecoveryCodes(codes[0]).get_unused_codes()) if codes else 0,
        "protected": any(each.type in PROVING for each in factors),
        "required": settings.REQUIRE_SECOND_FACTOR,
        "single_sign_on": get_adapter().list_providers(request),
        "linked": SocialAccount.objects.filter(user=user).first(),
        "sessions": [
            {"row": row, "browser": describe_browser(row.user_agent), "here": row.is_current()}
            for row in sessions_of(user)
        ],
    }
