"""``manage.py import_accounts``: grants that another system obtained. No secret is printed."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError

from connections.importing import (
    FORMATS,
    Allauth,
    Checks,
    Report,
    Source,
    SourceRefused,
    Tally,
    import_accounts,
    open_file,
)
from integrations.database import DATABASE_AWAY
from integrations.management.progress import showing_progress
from integrations.models import AuthConfig, Project
from integrations.secrets.keyring import SealingError
from integrations.stopping import stop_on_signal

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Iterator


class Command(BaseCommand):
    """Import accounts. docs/how-to/import-accounts.md says how the rows have to look."""

    help = "Import grants from a JSON or CSV file, or from django-allauth's tables."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take where the rows come from, and where they go."""
        parser.add_argument("file", nargs="?", type=Path, help="a .json, .jsonl or .csv file")
        parser.add_argument("--format", choices=FORMATS, help="where the file's name does not tell")
        parser.add_argument("--project", required=True, metavar="pr_...")
        parser.add_argument(
            "--auth-config", default="", metavar="ac_...", help="of rows that name none"
        )
        parser.add_argument("--dry-run", action="store_true", help="check all, change nothing")
        parser.add_argument("--report", type=Path, help="write a line per row to this file")
        parser.add_argument(
            "--allow-multiple",
            action="store_true",
            help="import also for users who have an account at the toolkit",
        )
        allauth = parser.add_argument_group("from django-allauth")
        allauth.add_argument("--allauth", metavar="URL", help="of its PostgreSQL database")
        allauth.add_argument(
            "--map",
            action="append",
            default=[],
            metavar="PROVIDER=ac_...",
            help="whose tokens go to which auth config; may be repeated",
        )
        allauth.add_argument("--user-column", default="", help="of the user's id (default: its id)")
        allauth.add_argument("--user-table", default="auth_user", help="where that column is")
        allauth.add_argument(
            "--without-identity",
            action="store_true",
            help="where allauth's uid is not the id that the toolkit tells",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Import. Exits with 1 where a row was refused, and where it was stopped."""
        try:
            tally = self._import(**options)
        except SourceRefused as error:
            raise CommandError(str(error)) from None
        except SealingError as error:
            raise CommandError(f"Nothing can be sealed: {type(error).__name__}.") from None
        except OSError as error:
            raise CommandError(f"A file cannot be read or written: {error.strerror}.") from None
        except DATABASE_AWAY:
            raise CommandError("The database went away: run it again to go on.") from None
        for line in tally.lines():
            self.stdout.write(line)
        counts = tally.counts
        done = "would be imported" if options["dry_run"] else "imported"
        self.stdout.write(
            f"{counts['ok']:,} {done}, {counts['skipped']:,} skipped, "
            f"{counts['refused']:,} refused."
        )
        if tally.stopped:
            raise CommandError("Stopped: run it again to go on.")
        if counts["refused"]:
            raise CommandError(f"{counts['refused']:,} rows were refused.")

    def _import(
        self, *, project: str, auth_config: str, report: Path | None, **options: Any
    ) -> Tally:
        found = Project.objects.filter(pk=project).first()
        if found is None:
            raise SourceRefused("There is no project of that id.")
        if report and options["file"] and report.resolve() == options["file"].resolve():
            raise SourceRefused("The report would be written over the file.")
        checks = Checks.of(found, auth_config_id=auth_config)
        source = self._source(checks, **options)
        with (
            stop_on_signal() as stop,
            showing_progress(total=source.count(), out=sys.stderr) as tell,
            _writing(report) as written,
        ):
            return import_accounts(
                source=source,
                checks=checks,
                report=written,
                stop=stop,
                tell=tell,
                allow_multiple=options["allow_multiple"],
                dry_run=options["dry_run"],
            )

    def _source(self, checks: Checks, **options: Any) -> Source:
        file, url = options["file"], options["allauth"]
        if (file is None) is (url is None):
            raise SourceRefused("Give a file, or --allauth with a database's URL.")
        if file is not None:
            return open_file(file, file_format=options["format"])
        source = Allauth(
            url=url,
            auth_configs={
                provider: _auth_config(checks, name)
                for provider, _, name in (pair.partition("=") for pair in options["map"])
            },
            user_table=options["user_table"],
            user_column=options["user_column"],
            with_identity=not options["without_identity"],
        )
        for provider, rows in source.left_out().items():
            self.stdout.write(f"{rows:,} tokens of {provider} are left out: it has no --map.")
        return source


def _auth_config(checks: Checks, name: str) -> AuthConfig:
    found = checks.auth_configs.get(name)
    if found is None:
        raise SourceRefused("--map takes PROVIDER=ac_..., an auth config of the project.")
    return found


@contextmanager
def _writing(path: Path | None) -> Iterator[Report]:
    if path is None:
        yield Report(out=None)
        return
    with path.open("w", encoding="utf-8") as file:
        yield Report(out=file)
