"""Why a due account is left alone on purpose: its provider fails, or refuses the client."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connections.models import Breaker
from connections.refresh.endpoints import token_breakers
from integrations.moments import relative

if TYPE_CHECKING:
    from datetime import datetime

    from connections.models import ConnectedAccount


def held_back(account: ConnectedAccount, *, now: datetime) -> str:
    """Say why a due account is left alone on purpose; empty where it is not."""
    config = account.auth_config
    blocked_until = config.all_calls_blocked_until
    if blocked_until is not None and blocked_until > now:
        whom = "the instance's app" if config.managed_app_id else "the auth config"
        return f"the provider refuses {whom}; next call {relative(blocked_until, now=now)}"
    breaker = Breaker.objects.filter(pk__in=token_breakers(config), opened_at__isnull=False).first()
    if breaker is None:
        return ""
    if breaker.open_until is not None and breaker.open_until > now:
        return f"the provider fails; next call {relative(breaker.open_until, now=now)}"
    return "the provider fails; the next call to it is a trial"
