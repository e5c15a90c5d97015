"""Has a provider that failed be tried again at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from django.db.models import Q
from django.db.models.functions import Now

from connections.models import Breaker

if TYPE_CHECKING:
    from connections.actors import Actor

log = structlog.get_logger(__name__)


def try_again(*, breaker: Breaker, actor: Actor) -> bool:
    """Let the next call through as a trial; return False where one is under way or needless.

    Its success closes the breaker, its failure opens it again for longer. So one call finds out,
    and an operator who is mistaken starts no herd.
    """
    idle = Q(trial_until__isnull=True) | Q(trial_until__lte=Now())
    rows = Breaker.objects.filter(idle, pk=breaker.pk, opened_at__isnull=False)
    changed = bool(rows.update(open_until=Now(), trial_until=None))
    if changed:
        log.info("breaker_trial_asked_for", endpoint=breaker.pk, actor=actor)
    return changed
