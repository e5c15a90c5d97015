"""The job runner's side of delivering: wake-ups and the watch. Nothing else imports django_q.

The rows are the queue. A lost wake-up costs at most the minute until the next watch, and with the
job runner switched off ``manage.py deliver_due --watch`` does the same work.
"""

from __future__ import annotations

import time

import structlog
from django.utils import timezone
from django_q.tasks import async_task

from integrations.stopping import stop_on_signal

log = structlog.get_logger(__name__)

# A watch ends before the next one starts, so that one of them at a time occupies a worker.
WATCH_SECONDS = 55.0
WATCH_PAUSE_SECONDS = 1.0

WAKE_EVERY_SECONDS = 0.5
_woken_at = float("-inf")

# What the job runner starts by itself; the rows are created with the migrations.
SCHEDULES = [
    {
        "name": "webhooks: deliver",
        "func": "webhooks.tasks.watch_deliveries",
        "minutes": 1,
    },
]


def wake_deliverer() -> None:
    """Ask the job runner to deliver what is due. Called after a commit, so it never raises.

    Many changes in a row, say of an import, ask once in half a second: a queue full of wake-ups
    would hold up the refreshing, and the watch looks once a second. The change is committed: if
    the broker is away (a database, Redis or SQS error, hence the width of the net), it is logged,
    and the watch finds the rows.
    """
    global _woken_at  # noqa: PLW0603 - one per process
    if time.monotonic() - _woken_at < WAKE_EVERY_SECONDS:
        return
    _woken_at = time.monotonic()
    try:
        async_task("webhooks.tasks.deliver_waiting", save=False)
    except Exception as error:  # noqa: BLE001 - see above
        log.warning("deliverer_not_woken", error=type(error).__name__)


def deliver_waiting() -> int:
    """Deliver what is due now, and return how many attempts that took."""
    from webhooks.delivering import deliver_due  # noqa: PLC0415 - a cycle: recording

    return deliver_due(now=timezone.now())


def watch_deliveries() -> int:
    """Deliver what falls due during the next minute, and return how many attempts that took."""
    from webhooks.delivering import watch  # noqa: PLC0415 - a cycle: recording

    with stop_on_signal() as stop:
        return watch(seconds=WATCH_SECONDS, pause=WATCH_PAUSE_SECONDS, stop=stop)
