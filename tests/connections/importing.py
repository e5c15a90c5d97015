"""Runs the import as a person does, and says what came of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from django.core.management import CommandError, call_command

from connections.models import ConnectedAccount
from integrations.models import AuthConfig, Project


@dataclass(frozen=True)
class Imported:
    """What the command reported, printed, and ended with (empty: well)."""

    report: list[dict[str, Any]]
    printed: str
    error: str

    @property
    def results(self) -> list[tuple[str, str]]:
        """The result and the code of each row."""
        return [(row["result"], row.get("code", "")) for row in self.report]


@dataclass(frozen=True)
class Importer:
    """Imports into one project from files in a folder of the test."""

    project: Project
    auth_config: AuthConfig
    folder: Path

    def run(self, *given: object, default: bool = True, **options: object) -> Imported:
        """Run the command; ``default``: with the auth config for rows that name none."""
        report, out = self.folder / "report.jsonl", StringIO()
        report.unlink(missing_ok=True)
        options |= {"project": self.project.pk, "report": report, "stdout": out}
        options |= {"auth_config": self.auth_config.pk} if default else {}
        error = ""
        try:
            call_command("import_accounts", *map(str, given), **options)
        except CommandError as raised:
            error = str(raised)
        lines = report.read_text().splitlines() if report.exists() else []
        return Imported([json.loads(line) for line in lines], out.getvalue(), error)

    def rows(self, *rows: dict[str, Any], **options: Any) -> Imported:
        """Import rows from a file of JSON lines."""
        return self.text("\n".join(map(json.dumps, rows)), **options)

    def text(self, text: str | bytes, *, name: str = "rows.jsonl", **options: Any) -> Imported:
        """Import a file of this text."""
        path = self.folder / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return self.run(path, **options)

    def accounts(self) -> list[ConnectedAccount]:
        """Return the project's accounts, the oldest first."""
        found = ConnectedAccount.objects.in_project(self.project).select_related("entity")
        return list(found.order_by("pk"))


def row(number: int = 1, **changes: Any) -> dict[str, Any]:
    """Return a good row of a user of its own."""
    return {
        "user_id": f"user-{number}",
        "access_token": f"access-{number}",
        "refresh_token": f"refresh-{number}",
        "identity_id": str(number),
    } | changes
