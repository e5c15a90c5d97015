"""``GET /healthz`` and ``/healthz/refresh``: what a supervisor asks, without signing in.

The answers hold numbers and codes only: no name of a customer, an account or a provider.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import structlog
from django.core.cache import cache
from django.http import JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from connections.health import RefreshHealth, read_health
from integrations.database import DATABASE_AWAY

if TYPE_CHECKING:
    from django.http import HttpRequest

log = structlog.get_logger(__name__)

# However often it is asked for, the database is looked at once a second.
SECONDS_OLD: Final = 1
CACHE_KEY: Final = "refresh-health"
DATABASE_GONE: Final = {"status": "failing", "problems": ["database_away"]}


@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """Tell that the web server answers."""
    return JsonResponse({"status": "ok"})


@require_safe
@never_cache
def refresh_health(request: HttpRequest) -> JsonResponse:
    """Tell whether grants are kept fresh: 200, or 503 where they are in danger."""
    answer = cache.get(CACHE_KEY) or _look()
    return JsonResponse(answer, status=503 if answer["status"] == "failing" else 200)


def _look() -> dict[str, Any]:
    try:
        answer = describe(read_health(now=timezone.now()))
    except DATABASE_AWAY as error:
        log.warning("health_without_database", error=type(error).__name__)
        answer = dict(DATABASE_GONE)
    cache.set(CACHE_KEY, answer, SECONDS_OLD)
    return answer


def describe(health: RefreshHealth) -> dict[str, Any]:
    """Return ``health`` as the answer of /healthz/refresh. Durations are in seconds."""
    unseen = health.unseen_for
    return {
        "status": health.status,
        "problems": health.problems,
        "workers": health.workers,
        "worker_seen_seconds_ago": None if unseen is None else round(unseen.total_seconds(), 1),
        "oldest_due_seconds": round(health.late_for.total_seconds(), 1),
        "auth_configs_held_back": health.held_back,
        "auth_configs_misconfigured": health.misconfigured,
        "breakers_open": len(health.open_breakers),
        "journal_trouble": bool(health.journal_troubles),
    }
