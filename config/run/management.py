"""The management commands that come before the processes."""

import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from config.run.errors import RunError
from config.run.options import ROOT


def manage(*arguments: str, environment: Mapping[str, str]) -> str:
    """Run ``manage.py`` and return what it printed.

    Raises:
        RunError: it failed; the message carries the last line that it wrote to standard error.
    """
    result = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        check=False,
        cwd=ROOT,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if result.returncode != 0:
        lines = [line.strip() for line in result.stderr.splitlines() if line.strip()]
        reason = _reason(lines) or f"exit code {result.returncode}"
        message = f"`manage.py {arguments[0]}` failed: {reason}"
        raise RunError(message)
    return result.stdout


def _reason(lines: list[str]) -> str:
    """Return the line that says most: a system check's finding, else the exception at the end."""
    findings = [line for line in lines if line.startswith("?: (")]
    return " ".join(findings) or next(reversed(lines), "")


def set_up_demo(*, sandbox_url: str, environment: Mapping[str, str]) -> dict[str, Any]:
    """Create the demo's operator, project and link where they are missing; return what they are."""
    output = manage("demo", f"--sandbox-url={sandbox_url}", environment=environment)
    shown: dict[str, Any] = json.loads(output)
    return shown
