"""What the job runner starts by itself: every app's SCHEDULES, written after each migrate."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models.signals import post_migrate
from django.dispatch import receiver
from django.utils import timezone
from django_q.models import Schedule

from connections.tasks import SCHEDULES as CONNECTIONS
from webhooks.tasks import SCHEDULES as WEBHOOKS

SCHEDULES = [*CONNECTIONS, *WEBHOOKS]


@receiver(post_migrate)
def write_schedules(sender: Any, **kwargs: Any) -> None:
    """Create or correct the schedule rows, once the job runner's tables are there."""
    # Sent once per app that has models, after all migrations.
    if sender.label != "django_q":
        return
    for entry in SCHEDULES:
        Schedule.objects.update_or_create(
            name=entry["name"],
            defaults={
                "func": entry["func"],
                "schedule_type": Schedule.MINUTES,
                "minutes": entry["minutes"],
                "repeats": -1,
            },
            create_defaults={
                "func": entry["func"],
                "schedule_type": Schedule.MINUTES,
                "minutes": entry["minutes"],
                "repeats": -1,
                "next_run": timezone.now() - timedelta(seconds=1),
            },
        )
