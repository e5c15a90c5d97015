"""Where allauth asks about single sign-on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers.base.constants import AuthError, AuthProcess
from django.db import transaction
from django.shortcuts import render

from config.sign_in.sso.door import DoorSession
from config.sign_in.sso.errors import OnlyToSignIn, SsoRefused
from config.sign_in.sso.provider import SingleSignOn, single_sign_on
from config.sign_in.sso.rules import admit
from integrations.audit import Subject, record
from integrations.audit.signing_in import SSO_FAILED, SSO_REFUSED, WORDS
from integrations.models.audit_entry import Outcome

if TYPE_CHECKING:
    from allauth.socialaccount.models import SocialLogin
    from django.http import HttpRequest


class StaffSocialAccountAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """One provider, by settings; nobody signs up but whom `rules` lets in."""

    def get_requests_session(self) -> DoorSession:
        """Return what allauth calls the provider with."""
        return DoorSession()

    def list_providers(self, request: HttpRequest) -> list[SingleSignOn]:
        """Return the provider, if there is one."""
        found = single_sign_on(request)
        return [found] if found else []

    def get_provider(
        self, request: HttpRequest, provider: str, client_id: str | None = None
    ) -> SingleSignOn:
        """Return the provider. Raises SocialApp.DoesNotExist."""
        found = single_sign_on(request)
        if found is None:
            raise SocialApp.DoesNotExist
        return found

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        """Say no: who is let in was added before allauth asks."""
        return False

    def authenticate_by_email(self, sociallogin: SocialLogin) -> None:
        """Find nobody: `rules` looks for the verified address itself."""

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Let the person in, or answer with a page that says why not."""
        try:
            with transaction.atomic():
                self._let_in(request, sociallogin)
        except SsoRefused as error:
            refusal = error
        else:
            return
        _record_refusal(request, sociallogin, refusal)
        page = render(
            request, "sign_in/sso_refused.html", {"error": refusal}, status=refusal.status
        )
        raise ImmediateHttpResponse(page)

    def on_authentication_error(
        self,
        request: HttpRequest,
        provider: SingleSignOn,
        error: str | None = None,
        exception: Exception | None = None,
        extra_context: dict[str, Any] | None = None,
    ) -> None:
        """Record that the provider, or the way to it, failed.

        Not where no sign-in was under way: anybody can call the callback, as often as she likes.
        """
        if exception is None and "state" not in (extra_context or {}):
            return
        code = "cancelled" if error == AuthError.CANCELLED else "provider_failed"
        # What this raises itself are codes of ours, without anything of an answer.
        reason = str(exception) if exception and str(exception).replace("_", "").isalnum() else ""
        record(
            request=request,
            actor=None,
            action=SSO_FAILED,
            title=WORDS[SSO_FAILED],
            outcome=Outcome.FAILED,
            error_code=reason or code,
        )

    def _let_in(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        if sociallogin.state.get("process") != AuthProcess.LOGIN:
            raise OnlyToSignIn
        linked = sociallogin.user if sociallogin.is_existing else None
        user = admit(request=request, claims=sociallogin.claims, linked=linked)
        if linked is None:
            sociallogin.connect(request, user)
        # Would be kept in the session while the second factor is asked for; nobody needs it.
        sociallogin.token = None


def _record_refusal(request: HttpRequest, sociallogin: SocialLogin, error: SsoRefused) -> None:
    known = sociallogin.user if sociallogin.is_existing else None
    record(
        request=request,
        actor=None,
        action=SSO_REFUSED,
        title=WORDS[SSO_REFUSED],
        subject=Subject.of(known) if known else None,
        outcome=Outcome.REFUSED,
        error_code=error.code,
        note=sociallogin.claims.email,
    )
