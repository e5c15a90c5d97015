"""Pages of staff's own access, outside of the console: each in the browser of somebody new."""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView
from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.test import Client
from django.urls import reverse

from config.sign_in.sso.errors import NobodyKnown
from tests.browser.hosted_ways import Way, to
from tests.browser.scene import Scene
from tests.browser.shown import Shown
from tests.sign_in.staff import LOGIN, PASSWORD, come_in, prove, staff


def signed_in_at(view: str, *, app: bool = False) -> Way:
    """Return the way to ``view`` of somebody who is signed in, with an authenticator app or not."""

    def way(scene: Scene) -> str:
        cache.clear()
        scene.lend(come_in(staff(scene.somebody(), app=app)))
        return reverse(view)

    return way


def at_passkey(view: str) -> Way:
    """Return the way to ``view`` of a passkey."""

    def way(scene: Scene) -> str:
        cache.clear()
        user = staff(scene.somebody())
        browser = come_in(user)
        row = Authenticator.objects.create(user=user, type="webauthn", data={"name": "Phone"})
        prove(browser, row)
        scene.lend(browser)
        return reverse(view, args=[row.pk] if view != "security" else [])

    return way


def half_way(scene: Scene) -> str:
    """Lead to the question for the second factor."""
    cache.clear()
    user = staff(scene.somebody(), app=True)
    browser = Client()
    browser.post(LOGIN, {"login": user.username, "password": PASSWORD})
    scene.lend(browser)
    return reverse("mfa_authenticate")


def lost_at_the_provider(scene: Scene) -> str:
    """Lead to an answer of a provider that nobody waits for."""
    scene.patch.setattr(settings, "SSO_ISSUER", "http://127.0.0.1:9")
    return reverse("sso_callback")


def no_tries_left(scene: Scene) -> str:
    """Lead to a form that may not be sent any more."""
    scene.patch.setattr(settings, "ACCOUNT_RATE_LIMITS", {"login": "0/m/ip"}, raising=False)
    return LOGIN


def not_let_in(scene: Scene) -> str:
    """Lead back from a provider that knows the person, whom nobody let in."""

    def answer(request: HttpRequest) -> HttpResponse:
        return render(request, "sign_in/sso_refused.html", {"error": NobodyKnown()}, status=403)

    scene.patch.setattr(settings, "SSO_ISSUER", "http://127.0.0.1:9")
    scene.patch.setattr(OAuth2CallbackView, "adapter_view", lambda _: answer)
    return reverse("sso_callback")


STAFF = [
    Shown("a person unknown here", "sso_callback", not_let_in, 403),
    Shown("the provider's answer", "sso_callback", lost_at_the_provider, 401),
    Shown(
        "no at the provider",
        "socialaccount_login_cancelled",
        to(reverse("socialaccount_login_cancelled")),
    ),
    Shown(
        "a provider's fault",
        "socialaccount_login_error",
        to(reverse("socialaccount_login_error")),
        401,
    ),
    Shown("a second factor", "mfa_authenticate", half_way),
    Shown("security without a factor", "security", signed_in_at("security")),
    Shown("security with an app", "security", signed_in_at("security", app=True)),
    Shown("security with a passkey", "security", at_passkey("security")),
    Shown("an app", "mfa_activate_totp", signed_in_at("mfa_activate_totp")),
    Shown("an app's end", "mfa_deactivate_totp", signed_in_at("mfa_deactivate_totp", app=True)),
    Shown(
        "recovery codes",
        "mfa_view_recovery_codes",
        signed_in_at("mfa_view_recovery_codes", app=True),
    ),
    Shown(
        "new recovery codes",
        "mfa_generate_recovery_codes",
        signed_in_at("mfa_generate_recovery_codes", app=True),
    ),
    Shown("a code again", "mfa_reauthenticate", signed_in_at("mfa_reauthenticate", app=True)),
    Shown("a new passkey", "mfa_add_webauthn", signed_in_at("mfa_add_webauthn")),
    Shown("a passkey's name", "mfa_edit_webauthn", at_passkey("mfa_edit_webauthn")),
    Shown("a passkey's end", "mfa_remove_webauthn", at_passkey("mfa_remove_webauthn")),
    Shown(
        "a passkey again",
        "mfa_reauthenticate_webauthn",
        signed_in_at("mfa_reauthenticate_webauthn"),
    ),
]
