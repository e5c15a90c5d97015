"""allauth's settings, some of them following the switches (ALLAUTH_SETTING_GETTER)."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from integrations.sandbox.exchange import current_exchange


def read_setting(name: str, default: Any) -> Any:
    """Return the setting ``name``: from the call in progress where it decides, else Django's."""
    exchange = current_exchange()
    if exchange is not None:
        if name == "IDP_OIDC_ACCESS_TOKEN_EXPIRES_IN":
            return exchange.switches.access_token_seconds
        if name == "IDP_OIDC_REFRESH_TOKEN_EXPIRES_IN":
            return exchange.switches.refresh_token_seconds
        if name == "IDP_OIDC_ROTATE_REFRESH_TOKEN":
            return exchange.rotate
    return getattr(settings, name, default)
