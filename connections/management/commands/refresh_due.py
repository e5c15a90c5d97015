"""``manage.py refresh_due [--watch]``: what the worker's task does, without the job runner."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError

from connections.heartbeat import COMMAND
from connections.refresh import refresh_due, watch_refreshes
from connections.refreshers import Refreshers
from integrations.stopping import stop_on_signal

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(BaseCommand):
    """Refresh accounts that are due."""

    help = "Refresh what is due; with --watch, until stopped, instead of the job queue's worker."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take --watch and --processes."""
        parser.add_argument("--watch", action="store_true", help="go on until Ctrl-C or SIGTERM")
        parser.add_argument(
            "--processes",
            type=int,
            default=1,
            metavar="N",
            help="with --watch: so many processes, one per core say (default: 1)",
        )

    def handle(self, *args: Any, watch: bool, processes: int, **options: Any) -> None:
        """Refresh once, or watch."""
        if processes < 1 or (processes > 1 and not watch):
            raise CommandError("--processes takes 1 or more, and more than 1 only with --watch.")
        if not watch:
            self.stdout.write(f"{refresh_due()} accounts tried")
        elif processes > 1:
            Refreshers(processes).run()
        else:
            with stop_on_signal() as stop:
                watch_refreshes(seconds=None, stop=stop, started_by=COMMAND)
