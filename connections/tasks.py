"""The job runner's door to this app: tasks are wake-ups and carry no data."""

from __future__ import annotations

import structlog
from django.db import DatabaseError
from django.utils import timezone
from django_q.tasks import async_task

from integrations.stopping import stop_on_signal

log = structlog.get_logger(__name__)

# The schedule starts a watch every minute; one lasts a little less.
WATCH_SECONDS = 55
SCHEDULES = [
    {"name": "refresh", "func": "connections.tasks.watch_refreshes", "minutes": 1},
    {"name": "notices", "func": "connections.tasks.send_notices", "minutes": 1},
    {"name": "registrations", "func": "connections.tasks.renew_registrations", "minutes": 60},
]


def wake_revoker() -> None:
    """Ask a worker to revoke at the providers what is due now.

    The rows are the truth: where the queue does not take the task, the next watch finds them.
    """
    try:
        async_task("connections.tasks.revoke_due", group="refresh")
    except DatabaseError as error:
        log.warning("wake_up_not_queued", task="refresh", error=type(error).__name__)


def revoke_due() -> None:
    """Revoke what is due now."""
    from connections.refresh import revoke_due as revoke  # noqa: PLC0415 - operations import this module

    revoke()


def watch_refreshes() -> None:
    """Watch for a minute, or until the job runner stops."""
    from connections.heartbeat import JOB  # noqa: PLC0415 - as above
    from connections.refresh import watch_refreshes as watch  # noqa: PLC0415

    with stop_on_signal() as stop:
        watch(seconds=WATCH_SECONDS, stop=stop, started_by=JOB)


def renew_registrations() -> None:
    """Register clients anew whose secrets end soon, as ``manage.py auth_configs renew`` does."""
    from integrations.renewing_registrations import renew_registrations as renew  # noqa: PLC0415 - models

    renew(now=timezone.now())


def send_notices() -> None:
    """Send the mails that are due, as ``manage.py send_notices`` does."""
    from connections.noticing.sending import send_due_notices  # noqa: PLC0415 - models

    with stop_on_signal() as stop:
        send_due_notices(seconds=WATCH_SECONDS, stop=stop)
