"""URLs of the sandbox provider. Those listed first stand before allauth's at the same path."""

from allauth.account import views as account
from django.urls import include, path

from integrations.sandbox import control, endpoints, pages

urlpatterns = [
    path("", pages.home, name="home"),
    path("apps/<str:client_id>/remove", pages.remove_access, name="remove_access"),
    path("healthz", pages.healthz, name="healthz"),
    # Only the account pages that need no mail.
    path("account/login/", account.login, name="account_login"),
    path("account/signup/", account.signup, name="account_signup"),
    path("account/logout/", account.logout, name="account_logout"),
    path("account/inactive/", account.account_inactive, name="account_inactive"),
    path("account/confirm/", account.reauthenticate, name="account_reauthenticate"),
    path("identity/o/authorize", endpoints.authorize),
    path("identity/o/api/token", endpoints.token),
    path("identity/o/api/revoke", endpoints.revoke),
    path("identity/o/api/userinfo", endpoints.userinfo),
    path("", include("allauth.idp.urls")),
    path("sandbox/switches", control.switches),
    path("sandbox/switches/reset", control.reset_switches),
    path("sandbox/calls", control.calls),
    path("sandbox/grants", control.grants),
    path("sandbox/grants/revoke", control.revoke_grants),
    path("sandbox/clients/<str:client_id>/redirect_uris", control.redirect_uris),
]
