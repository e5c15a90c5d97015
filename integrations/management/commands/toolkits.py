"""``manage.py toolkits``: what the catalog holds, and what is wrong with its files."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from django.core.management.base import BaseCommand, CommandError

from integrations.catalog import UnknownToolkit
from integrations.catalog.faults import inspect_files
from integrations.catalog.keys import KeyScheme
from integrations.catalog.toolkit import OAUTH, Category
from integrations.management import toolkits_check, toolkits_list, toolkits_page, toolkits_show

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Callable

    from integrations.catalog import Toolkit


class Command(BaseCommand):
    """Check, list and show the toolkits of the catalog."""

    help = "What the catalog holds: check, list, show, page."
    # With a fault in a file the checks let no command run, and this one is to say what it is.
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take a step and its options."""
        steps = parser.add_subparsers(dest="step", required=True)
        check = steps.add_parser("check", help="find what is wrong with the files")
        check.add_argument("files", nargs="*", type=Path, help="these only; default: all")
        check.add_argument(
            "--unverified", action="store_true", help="also tell fields that nobody has verified"
        )
        listing = steps.add_parser("list", help="a line for each toolkit")
        listing.add_argument("--category", default="", choices=get_args(Category))
        listing.add_argument("--scheme", default="", choices=(*OAUTH, *get_args(KeyScheme)))
        listing.add_argument("--search", default="", help="part of slug, name or description")
        show = steps.add_parser("show", help="everything about one toolkit")
        show.add_argument("slug")
        page = steps.add_parser("page", help="the page docs/reference/toolkits.md")
        page.add_argument("--to", type=Path, help="write it to this file")

    def handle(self, *args: Any, step: str, **options: Any) -> None:
        """Take the step. Exits with 1 where a file has a fault."""
        steps: dict[str, Callable[..., None]] = {
            "check": self._check,
            "list": self._list,
            "show": self._show,
            "page": self._page,
        }
        steps[step](**options)

    def _check(self, *, files: list[Path], unverified: bool, **options: Any) -> None:
        found = inspect_files(files)
        self.stdout.write(toolkits_check.as_text(found, unverified=unverified))
        if found.faults:
            sys.exit(1)

    def _list(self, *, category: str, scheme: str, search: str, **options: Any) -> None:
        text = toolkits_list.as_text(_all(), category=category, scheme=scheme, search=search)
        self.stdout.write(text)

    def _show(self, *, slug: str, **options: Any) -> None:
        found = inspect_files()
        for toolkit in found.toolkits:
            if toolkit.slug == slug:
                self.stdout.write(toolkits_show.as_text(toolkit))
                return
        faults = [str(fault) for fault in found.faults if fault.file == f"{slug}.yaml"]
        raise CommandError("\n".join(faults) or str(UnknownToolkit(slug)))

    def _page(self, *, to: Path | None, **options: Any) -> None:
        text = toolkits_page.as_markdown(_all())
        if to is None:
            self.stdout.write(text, ending="")
        else:
            to.write_text(text, "utf-8")


def _all() -> tuple[Toolkit, ...]:
    """Return every toolkit. Raises CommandError where a file has a fault."""
    found = inspect_files()
    if found.faults:
        raise CommandError(f"{len(found.faults)} faults: `toolkits check` names them.")
    return found.toolkits
