"""``manage.py keys``: the keys that seal, from adding one to taking the old one away.

The way through is docs/how-to/rotate-keys.md. Nothing here prints a secret, but for a new key that
no file takes, once, on a terminal.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from integrations.checks import check_encryption_keys
from integrations.management import keys_status, keys_steps
from integrations.management.progress import showing_progress
from integrations.secrets import guards
from integrations.secrets.keyring import SealingError, key_ids
from integrations.secrets.resealing import count_left, reseal
from integrations.secrets.rotation import add_key, promote_key, retire_key
from integrations.secrets.status import read_status
from integrations.stopping import stop_on_signal

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Callable

MOST_PER_BATCH = 10_000


class Command(BaseCommand):
    """Add, use and retire the keys that seal."""

    help = "Show and rotate the keys that seal: status, add, promote, reseal, retire."
    # With a key missing the checks let no command run, and this one is to say what is missing.
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take a step and its options."""
        steps = parser.add_subparsers(dest="step", required=True)
        status = steps.add_parser("status", help="count texts by key and say what to do next")
        status.add_argument("--json", action="store_true", dest="as_json")
        add = steps.add_parser("add", help="make a key, last in the list: it opens, not seals")
        promote = steps.add_parser("promote", help="move a key to the front: it seals")
        resealing = steps.add_parser("reseal", help="seal everything with the first key")
        resealing.add_argument("--batch-size", type=int, default=500, help="rows per statement")
        retire = steps.add_parser("retire", help="take away a key that seals nothing any more")
        retire.add_argument(
            "--give-up", action="store_true", help="leave texts behind that do not open anyway"
        )
        for step in (promote, retire):
            step.add_argument("key_id", help="8 hex digits, as `keys status` shows them")
        for step in (add, promote, retire):
            step.add_argument("--to", type=Path, help="write the changed list to this new file")
        for step in (promote, resealing, retire):
            step.add_argument(
                "--ignore-connections",
                action="store_true",
                help="go on though processes with another list seem to be connected",
            )

    def handle(self, *args: Any, step: str, **options: Any) -> None:
        """Take the step. Exits with 1 where it was refused or something is left to do."""
        steps: dict[str, Callable[..., None]] = {
            "status": self._status,
            "add": self._add,
            "promote": self._promote,
            "reseal": self._reseal,
            "retire": self._retire,
        }
        for found in check_encryption_keys():
            raise CommandError(f"{found.msg} {found.hint}")
        try:
            steps[step](**options)
        except SealingError as error:
            raise CommandError(str(error)) from None
        except OSError as error:
            raise CommandError(f"Not all texts can be counted: {error.strerror}.") from None

    def _status(self, *, as_json: bool, **options: Any) -> None:
        status = read_status()
        if as_json:
            self.stdout.write(json.dumps(keys_status.as_data(status), indent=2))
        else:
            self.stdout.write(keys_status.as_text(status))
        if status.trouble:
            sys.exit(1)

    def _add(self, *, to: Path | None, **options: Any) -> None:
        step = add_key(to=to, may_show=self.stdout.isatty())
        self.stdout.write(keys_steps.added(step))

    def _promote(
        self, *, key_id: str, to: Path | None, ignore_connections: bool, **options: Any
    ) -> None:
        before = key_ids()
        step = promote_key(name=key_id, to=to, ignore_connections=ignore_connections)
        self.stdout.write(keys_steps.promoted(step, before))

    def _retire(
        self,
        *,
        key_id: str,
        to: Path | None,
        give_up: bool,
        ignore_connections: bool,
        **options: Any,
    ) -> None:
        before = key_ids()
        step = retire_key(
            name=key_id,
            now=timezone.now(),
            to=to,
            give_up=give_up,
            ignore_connections=ignore_connections,
        )
        self.stdout.write(keys_steps.retired(step, before))

    def _reseal(self, *, batch_size: int, ignore_connections: bool, **options: Any) -> None:
        if not 1 <= batch_size <= MOST_PER_BATCH:
            raise CommandError(f"--batch-size must be between 1 and {MOST_PER_BATCH}.")
        guards.refuse_trouble()
        first = key_ids()[0]
        if not ignore_connections:
            guards.refuse_processes_without(first)
        with (
            stop_on_signal() as stop,
            showing_progress(total=count_left(), out=sys.stderr) as tell,
        ):
            outcome = reseal(batch_size=batch_size, stop=stop, tell=tell)
        self.stdout.write(keys_steps.resealed(outcome, first))
        if stop.is_set():
            raise CommandError(f"Stopped with {outcome.left:,} texts left: run it again to go on.")
        if outcome.unopened:
            raise CommandError(f"{len(outcome.unopened):,} texts do not open; they were left.")
        if outcome.left:
            raise CommandError(f"{outcome.left:,} texts are left, in use meanwhile: run it again.")
