"""A page of docs/ as somebody follows it: its commands in a shell, in a copy of the source."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# What is not the source: what git, tools and `make run` keep. At the top, and wherever it may be.
NO_SOURCE = {".git", ".venv", "var"}
CACHES = shutil.ignore_patterns(".*_cache", ".hypothesis")
COMMAND_SECONDS = 240


@dataclass(frozen=True)
class Block:
    """What stands between two fences, and the language it says it is in."""

    language: str
    text: str


def blocks_of(page: Path, heading: str) -> list[Block]:
    """Return the fenced blocks below ``## heading``."""
    section = page.read_text().split(f"\n## {heading}\n")[1].split("\n## ")[0]
    found = re.findall(r"^```(\w*)\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    return [Block(language, text) for language, text in found]


def copy_source(to: Path) -> Path:
    """Copy the source, with the packages that the tests run on as its .venv; return its folder."""
    shutil.copytree(ROOT, to, ignore=_left_out, symlinks=True)
    packages = to / ".venv"
    packages.mkdir()
    for each in Path(sys.prefix).iterdir():
        (packages / each.name).symlink_to(each)
    # Newer than the pins, however young the copy is: make has nothing to install.
    (packages / ".installed").unlink(missing_ok=True)
    (packages / ".installed").touch()
    return to


def _left_out(folder: str, names: list[str]) -> set[str]:
    at_the_top = NO_SOURCE if Path(folder) == ROOT else set()
    return CACHES(folder, names) | (at_the_top & set(names))


@dataclass
class Shell:
    """A terminal in ``folder``; what a page has put into variables is there in the next command.

    Attributes:
        changes: texts of the page and what stands for them here: a port, a key.
    """

    folder: Path
    environment: dict[str, str]
    changes: dict[str, str] = field(default_factory=dict)
    _variables: str = ""

    def run(self, text: str) -> subprocess.CompletedProcess[str]:
        """Run the commands; return how they ended and what they wrote."""
        for there, here in self.changes.items():
            text = text.replace(there, here)
        done = subprocess.run(
            ["bash", "-c", f"{self._variables}\n{text}"],  # noqa: S607 - as on a terminal
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=COMMAND_SECONDS,
        )
        kept = [line for line in text.splitlines() if re.match(r"[A-Z]+=", line)]
        self._variables = "\n".join([self._variables, *kept])
        return done

    def output(self, text: str) -> str:
        """Run the commands and return what they wrote. Raises AssertionError where one fails."""
        done = self.run(text)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def clean_environment(environment: dict[str, str]) -> dict[str, str]:
    """Return ``environment`` without what pytest or make tells its own processes."""
    return {
        name: value
        for name, value in environment.items()
        if not name.startswith(("PYTEST_", "MAKE", "MFLAGS")) and name != "VIRTUAL_ENV"
    } | {"PATH": os.environ["PATH"]}
