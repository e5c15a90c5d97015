"""Gets other clients before the secrets of registered ones end: one auth config after the other.

Any number of processes may do so at once.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

import structlog
from django.db.models import Q
from django.db.models.functions import Now

from integrations.database import DATABASE_AWAY, is_away
from integrations.discovery import DiscoveryFailed
from integrations.models import AuthConfig
from integrations.registrations import is_due
from integrations.reregistering import register_again

if TYPE_CHECKING:
    import threading
    from datetime import datetime

log = structlog.get_logger(__name__)

# Longer than all the calls of one registration may take.
CLAIM: Final = timedelta(minutes=10)


def renew_registrations(*, now: datetime, stop: threading.Event | None = None) -> int:
    """Register anew where a client's secret ends soon; return how many were.

    What fails is tried again the next time, and logged. It stops no other.

    Raises:
        DATABASE_AWAY: the rest is done next time.
    """
    renewed = 0
    found = AuthConfig.objects.exclude(registration=None).values_list("pk", flat=True)
    for pk in list(found):
        if stop is not None and stop.is_set():
            break
        try:
            renewed += _renew_alone(pk, now)
        except DiscoveryFailed as error:
            log.warning("registration_failed", auth_config_id=pk, error_code=error.code)
        except Exception as error:
            if isinstance(error, DATABASE_AWAY) and is_away(error):
                raise
            log.exception("registration_failed", auth_config_id=pk)
    return renewed


def _renew_alone(pk: str, now: datetime) -> bool:
    """Register anew where that is due and nobody else is at it."""
    if _read_due(pk, now) is None or not _claim(pk):
        return False
    claimed = AuthConfig.objects.filter(pk=pk)
    until = claimed.values_list("registering_until", flat=True).first()
    try:
        # Somebody may have been done with it before it was claimed.
        auth_config = _read_due(pk, now)
        if auth_config is None:
            return False
        register_again(auth_config=auth_config)
        return True
    finally:
        claimed.filter(registering_until=until).update(registering_until=None)


def _read_due(pk: str, now: datetime) -> AuthConfig | None:
    """Return the config where its client's secret ends soon. Raises SealBroken, KeyUnknown."""
    auth_config = AuthConfig.objects.select_related("project").filter(pk=pk).first()
    return auth_config if auth_config and is_due(auth_config, now=now) else None


def _claim(pk: str) -> bool:
    free = Q(registering_until=None) | Q(registering_until__lte=Now())
    return bool(AuthConfig.objects.filter(free, pk=pk).update(registering_until=Now() + CLAIM))
