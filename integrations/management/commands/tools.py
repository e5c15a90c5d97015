"""``manage.py tools``: check those that ship, import others, and list what there is."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError

from integrations.errors import EvergrantError
from integrations.management.tools_importing import import_openapi, import_tool_file, stored_text
from integrations.models import AuthConfig
from integrations.tools.catalog import every_shipped_tool, shipped_tools
from integrations.tools.checking import find_trouble
from integrations.tools.choosing import tools_of
from integrations.tools.openapi import DocumentRefused, Filters

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Callable


class Command(BaseCommand):
    """Check, import and list tools."""

    help = "Tools, which are named endpoints of toolkits: check, import, list."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take a step and its options."""
        steps = parser.add_subparsers(dest="step", required=True)
        steps.add_parser("check", help="find what is wrong with the files of tools that ship")
        importing = steps.add_parser("import", help="store tools of an auth config")
        _add_import_options(importing)
        listing = steps.add_parser("list", help="a line for each tool")
        listing.add_argument("--toolkit", default="", help="only those that ship for it")
        listing.add_argument("--auth-config", default="", help="those that there are for it")

    def handle(self, *args: Any, step: str, **options: Any) -> None:
        """Take the step. Exits with 1 where a file is wrong or an import was refused."""
        steps: dict[str, Callable[..., None]] = {
            "check": self._check,
            "import": self._import,
            "list": self._list,
        }
        try:
            steps[step](**options)
        except EvergrantError as error:
            told = [f"{found['field']}: {found['problem']}" for found in _fields_of(error)]
            raise CommandError("\n".join([error.message, *told])) from None

    def _check(self, **options: Any) -> None:
        trouble = list(find_trouble())
        for line in trouble:
            self.stderr.write(line)
        if trouble:
            sys.exit(1)
        self.stdout.write(f"{len(every_shipped_tool())} tools are as they should be.")

    def _import(
        self, *, openapi: Path | None, file: Path | None, auth_config: str, **options: Any
    ) -> None:
        config = _find(auth_config)
        common = {"auth_config": config, "replace": options["replace"]}
        common["dry_run"] = options["dry_run"]
        try:
            if file is not None:
                stored, report = import_tool_file(path=file, **common), None
            else:
                assert openapi is not None  # noqa: S101 - one of the two is asked for
                filters = Filters(
                    tags=tuple(options["tag"]),
                    paths=tuple(options["path"]),
                    methods=tuple(options["method"]),
                    operations=tuple(options["operation"]),
                )
                stored, report = import_openapi(
                    path=openapi,
                    filters=filters,
                    prefix=options["prefix"],
                    ignore_servers=options["ignore_servers"],
                    **common,
                )
        except (DocumentRefused, OSError, ValueError) as error:
            raise CommandError(f"{openapi or file}: {error}") from None
        if options["as_json"]:
            data = vars(stored) | {"report": report.as_data() if report else None}
            self.stdout.write(json.dumps(data, indent=2))
            return
        if report:
            self.stdout.write(report.as_text() + "\n\n")
        self.stdout.write(stored_text(stored, dry_run=options["dry_run"]))

    def _list(self, *, toolkit: str, auth_config: str, **options: Any) -> None:
        if auth_config:
            tools = tools_of(_find(auth_config))
        elif toolkit:
            tools = shipped_tools(toolkit)
        else:
            tools = {name: tool for name, (_, tool) in every_shipped_tool().items()}
        for tool in tools.values():
            self.stdout.write(f"{tool.name}  {tool.method} {tool.path}")


def _add_import_options(parser: ArgumentParser) -> None:
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--openapi", type=Path, help="an OpenAPI document, 3.0 or 3.1")
    source.add_argument("--file", type=Path, help="a file in the form of the catalog's")
    parser.add_argument("--auth-config", required=True, help="whose tools they are to be: ac_...")
    parser.add_argument("--tag", action="append", default=[], help="only operations of this tag")
    parser.add_argument("--path", action="append", default=[], help="only these: '/repos/*'")
    parser.add_argument("--method", action="append", default=[], help="only this method")
    parser.add_argument(
        "--operation", action="append", default=[], help="only this operationId, with * and ?"
    )
    parser.add_argument("--prefix", default="", help="what names begin with; default: the toolkit")
    parser.add_argument(
        "--ignore-servers",
        action="store_true",
        help="all paths are below the toolkit's base URL, whatever servers are named",
    )
    parser.add_argument("--dry-run", action="store_true", help="store nothing, tell everything")
    parser.add_argument(
        "--replace", action="store_true", help="replace tools of the same names, not keep them"
    )
    parser.add_argument("--json", action="store_true", dest="as_json", help="for programs")


def _find(auth_config_id: str) -> AuthConfig:
    found = AuthConfig.objects.filter(pk=auth_config_id).first()
    if found is None:
        raise CommandError(f"There is no auth config {auth_config_id!r}.")
    return found


def _fields_of(error: EvergrantError) -> list[dict[str, str]]:
    fields: list[dict[str, str]] = error.details.get("fields", [])
    return fields
