"""``manage.py send_notices``: what the worker's task does, without the job runner."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand

from connections.noticing.sending import send_due_notices
from integrations.stopping import stop_on_signal

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(BaseCommand):
    """Send the mails that are due."""

    help = "Send the expiry notices that are due; for cron, where no job queue runs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take --seconds."""
        parser.add_argument(
            "--seconds", type=float, default=55.0, help="stop after so long (default: 55)"
        )

    def handle(self, *args: Any, seconds: float, **options: Any) -> None:
        """Send, and say how many."""
        with stop_on_signal() as stop:
            self.stdout.write(f"{send_due_notices(seconds=seconds, stop=stop)} mails sent")
