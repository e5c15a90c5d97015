"""The way to the identity provider and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from allauth.decorators import rate_limit
from allauth.socialaccount.helpers import render_authentication_error
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView
from django.http import Http404
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from config.sign_in.sso.provider import PROVIDER, SingleSignOnAdapter, single_sign_on

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


@never_cache
@require_POST
@rate_limit(action="login")  # type: ignore[untyped-decorator]
def start(request: HttpRequest) -> HttpResponse:
    """Lead to the provider, by a page in between.

    Browsers hold a form's redirects to the page's own origins (CSP, form-action), and a provider
    may lead on to any other. A page that refreshes is no form.

    Raises:
        Http404: there is no provider.
    """
    provider = single_sign_on(request)
    if provider is None:
        raise Http404
    try:
        leaving = provider.redirect_from_request(request)
    except OAuth2Error as error:
        failed: HttpResponse = render_authentication_error(request, provider, exception=error)
        return failed
    context = {"provider": provider, "target": leaving.headers["Location"]}
    return render(request, "sign_in/sso_leaving.html", context)


@never_cache
@require_GET
def callback(request: HttpRequest) -> HttpResponse:
    """Take the provider's answer. Raises Http404: there is no provider."""
    if single_sign_on(request) is None:
        raise Http404
    adapter = SingleSignOnAdapter(request, PROVIDER)
    response: HttpResponse = OAuth2CallbackView.adapter_view(adapter)(request)
    return response
