"""System checks of this app."""

from __future__ import annotations

from typing import Any, Final

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

# A row of the history counts successes for a week; it must not be forgotten while it grows.
SHORTEST_HISTORY_DAYS: Final = 8
LONGEST_HOLD_SECONDS: Final = 1800


@register()
def check_history(**kwargs: Any) -> list[CheckMessage]:
    """E001: what is kept is kept for long enough, the audit trail no shorter than the rest."""
    if SHORTEST_HISTORY_DAYS <= settings.HISTORY_DAYS <= settings.AUDIT_DAYS:
        return []
    message = f"HISTORY_DAYS is {settings.HISTORY_DAYS}, AUDIT_DAYS is {settings.AUDIT_DAYS}."
    hint = f"At least {SHORTEST_HISTORY_DAYS} days of history, and no fewer of the audit trail."
    return [Error(message, hint=hint, id="connections.E001")]


@register()
def check_hold(**kwargs: Any) -> list[CheckMessage]:
    """E002: an app has time to confirm its user, and a code that nobody wants is not kept long."""
    if 60 <= settings.CONNECT_VERIFY_SECONDS <= LONGEST_HOLD_SECONDS:
        return []
    message = f"CONNECT_VERIFY_SECONDS must be between 60 and {LONGEST_HOLD_SECONDS}."
    hint = "Codes die at most providers within ten minutes (RFC 6749, 4.1.2); the default is five."
    return [Error(message, hint=hint, id="connections.E002")]
