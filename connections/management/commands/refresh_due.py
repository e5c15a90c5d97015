"""``manage.py refresh_due [--watch]``: what the worker's task does, without the job runner."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand

from connections.refresh import refresh_due, watch_refreshes
from integrations.stopping import stop_on_signal

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(BaseCommand):
    """Refresh accounts that are due."""

    help = "Refresh what is due; with --watch, until stopped, instead of the job queue's worker."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take --watch."""
        parser.add_argument("--watch", action="store_true", help="go on until Ctrl-C or SIGTERM")

    def handle(self, *args: Any, watch: bool, **options: Any) -> None:
        """Refresh once, or watch."""
        if not watch:
            self.stdout.write(f"{refresh_due()} accounts tried")
            return
        with stop_on_signal() as stop:
            watch_refreshes(seconds=None, stop=stop)
