"""System checks of single sign-on."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from config.sign_in.sso.rules import parse_roles


@register()
def check_sso(**kwargs: Any) -> list[CheckMessage]:
    """config.E001: who signs people in is named completely. config.E002: roles can be read."""
    if not settings.SSO_ISSUER:
        return []
    return [*_check_client(), *_check_roles()]


def _check_client() -> list[CheckMessage]:
    issuer = urlsplit(settings.SSO_ISSUER)
    secure = issuer.scheme == "https" or settings.OUTBOUND_ALLOW_LOOPBACK
    if secure and issuer.netloc and not issuer.query and settings.SSO_CLIENT_ID:
        return []
    hint = "SSO_ISSUER is an https URL, and SSO_CLIENT_ID what the provider knows Evergrant by."
    return [Error("Single sign-on is not set up completely.", hint=hint, id="config.E001")]


def _check_roles() -> list[CheckMessage]:
    try:
        parse_roles(settings.SSO_ROLES)
    except ValueError as error:
        return [Error("SSO_ROLES cannot be read.", hint=str(error), id="config.E002")]
    return []
