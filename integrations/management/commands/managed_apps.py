"""``manage.py managed_apps``: the instance's own OAuth apps, which every project may stand on."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Count

from integrations.errors import EvergrantError
from integrations.managed_apps import (
    add_managed_app,
    forget_managed_secrets,
    rotate_managed_app,
    switch_managed_app,
)
from integrations.management.columns import aligned
from integrations.models import ManagedApp
from integrations.secrets import Secret

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Callable

    from django.db.models import QuerySet

MOST_SECRET = 10_000


class Command(BaseCommand):
    """Add, list, rotate and switch managed apps."""

    help = "The instance's own OAuth apps: add, list, rotate, forget, enable, disable."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take a step and its options. A secret is no option: other users see those."""
        steps = parser.add_subparsers(dest="step", required=True)
        adding = steps.add_parser("add", help="add an app that you registered at a service")
        adding.add_argument("toolkit", help="the catalog's name of the service")
        adding.add_argument("--client-id", required=True)
        adding.add_argument("--name", default="", help="default: the service's")
        adding.add_argument("--scope", action="append", default=[], help="it was approved for")
        adding.add_argument(
            "--parameter", action="append", default=[], metavar="NAME=VALUE", help="the toolkit's"
        )
        adding.add_argument("--testing-mode", action="store_true", help="the service has it so")
        _add_secret_options(adding)
        steps.add_parser("list", help="a line for each app")
        rotating = steps.add_parser("rotate", help="a new secret, or another client")
        rotating.add_argument("app", help="its id: ma_...")
        rotating.add_argument("--client-id", default="", help="another client; default: as it is")
        _add_secret_options(rotating)
        for step, told in _SWITCHES.items():
            steps.add_parser(step, help=told).add_argument("app", help="its id: ma_...")

    def handle(self, *args: Any, step: str, **options: Any) -> None:
        """Take the step. Raises CommandError where it was refused."""
        steps: dict[str, Callable[..., None]] = {
            "add": self._add,
            "list": self._list,
            "rotate": self._rotate,
            "forget": self._forget,
            "enable": self._enable,
            "disable": self._disable,
        }
        try:
            steps[step](**options)
        except EvergrantError as error:
            fields = error.details.get("fields", [])
            told = [f"{found['field']}: {found['problem']}" for found in fields]
            raise CommandError("\n".join([error.message, *told])) from None

    def _add(self, *, toolkit: str, client_id: str, **options: Any) -> None:
        app = add_managed_app(
            toolkit=toolkit,
            client_id=client_id,
            client_secret=_secret(options),
            name=options["name"],
            scopes=options["scope"],
            parameters=_pairs(options["parameter"]),
            testing_mode=options["testing_mode"],
        )
        self.stdout.write(f"{app.pk} was added. Register its redirect URI:\n{app.redirect_uri}")

    def _list(self, **options: Any) -> None:
        used: QuerySet[Any] = ManagedApp.objects.annotate(
            configs=Count("auth_configs"), projects=Count("auth_configs__project", distinct=True)
        )
        rows = [
            (app.pk, app.toolkit, app.name, _state(app), f"{app.configs} in {app.projects}")
            for app in used.order_by("toolkit", "pk")
        ]
        if not rows:
            self.stdout.write("There are none.")
            return
        head = ("ID", "TOOLKIT", "NAME", "STATE", "AUTH CONFIGS IN PROJECTS")
        self.stdout.write(aligned([head, *rows]))

    def _rotate(self, *, app: str, client_id: str, **options: Any) -> None:
        found = _find(app)
        secret = _secret(options)
        if secret is None and client_id in {"", found.client_id}:
            raise CommandError(
                "Nothing to change: give --secret-stdin, --secret-file or another --client-id."
            )
        rotate_managed_app(app=found, client_id=client_id, client_secret=secret)
        self.stdout.write("Rotated. Accounts live on; `forget` drops the secrets of before.")

    def _forget(self, *, app: str, **options: Any) -> None:
        forget_managed_secrets(app=_find(app))
        self.stdout.write("The secrets of before are dropped.")

    def _enable(self, *, app: str, **options: Any) -> None:
        switch_managed_app(app=_find(app), enabled=True)
        self.stdout.write("Enabled.")

    def _disable(self, *, app: str, **options: Any) -> None:
        switch_managed_app(app=_find(app), enabled=False)
        self.stdout.write("Disabled: nobody connects with it any more; accounts live on.")


_SWITCHES = {
    "forget": "drop the secrets but the newest, once they are deleted at the service",
    "enable": "let people connect with it again",
    "disable": "let nobody connect with it any more; accounts live on",
}


def _add_secret_options(parser: ArgumentParser) -> None:
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--secret-stdin", action="store_true", help="read the client secret there")
    source.add_argument("--secret-file", type=Path, help="read the client secret from a file")


def _secret(options: dict[str, Any]) -> Secret | None:
    """Return the client secret, without the line's end that an editor adds."""
    path: Path | None = options["secret_file"]
    try:
        if path is not None:
            text = path.read_text(encoding="utf-8")
        elif options["secret_stdin"]:
            text = sys.stdin.read(MOST_SECRET + 1)
        else:
            return None
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"The secret cannot be read: {type(error).__name__}.") from None
    text = text.strip()
    if not 0 < len(text) <= MOST_SECRET:
        raise CommandError("The secret is empty or far too long.")
    return Secret(text)


def _pairs(given: list[str]) -> dict[str, str]:
    pairs = dict(each.partition("=")[::2] for each in given)
    if not all(pairs.values()):
        raise CommandError("Write --parameter NAME=VALUE.")
    return pairs


def _find(app_id: str) -> ManagedApp:
    found = ManagedApp.objects.filter(pk=app_id).first()
    if found is None:
        raise CommandError(f"There is no managed app {app_id!r}.")
    return found


def _state(app: ManagedApp) -> str:
    if app.misconfigured_since:
        return f"refused: {app.misconfigured_error}"
    return "enabled" if app.enabled else "disabled"
