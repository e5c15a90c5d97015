"""``manage.py deliver_due``: what the job runner does, without the job runner."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from integrations.stopping import stop_on_signal
from webhooks.delivering import deliver_due, watch

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(BaseCommand):
    """Delivers due events, once or until it is told to stop."""

    help = "Deliver events that are due to their webhook endpoints."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--watch", action="store_true", help="go on until SIGTERM or SIGINT (Ctrl-C)"
        )
        parser.add_argument(
            "--pause",
            type=float,
            default=1.0,
            help="seconds between two looks at the outbox while nothing happens (default: 1)",
        )
        parser.add_argument(
            "--limit", type=int, help="at most this many attempts (not with --watch)"
        )

    def handle(self, **options: Any) -> None:
        if options["watch"]:
            with stop_on_signal() as stop:
                attempts = watch(seconds=None, pause=options["pause"], stop=stop)
        else:
            attempts = deliver_due(now=timezone.now(), limit=options["limit"])
        self.stdout.write(f"{attempts} delivery attempts.")
