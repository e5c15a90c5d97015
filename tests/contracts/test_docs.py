"""The pages of docs/ say what the code does, and no link in them leads nowhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.core.management import get_commands

from connections.lifecycle import TRANSITIONS, event_type
from connections.models import Reason, Status

ROOT = Path(__file__).resolve().parent.parent.parent
LIFECYCLE = ROOT / "docs/explanation/lifecycle.md"
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])

Change = tuple[str | None, str]


def rows(page: Path, heading: str) -> list[list[str]]:
    """Return the cells of the table below ``## heading``, without its head."""
    section = page.read_text().split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def documented_changes() -> set[tuple[str | None, str, str, str]]:
    """Return from, to, reason and event of every change on the page, one reason at a time."""
    return {
        (before, after, reason.strip("`"), event.strip("`"))
        for from_cell, after, reasons, event in rows(LIFECYCLE, "Transitions")
        for before in _statuses(from_cell)
        for reason in reasons.split(", ")
    }


def _statuses(cell: str) -> list[str | None]:
    if cell == "any":
        return [status.value for status in Status if status is not Status.DELETED]
    return [None] if cell == "\N{EN DASH}" else [cell]


def test_the_lifecycle_page_lists_every_status() -> None:
    documented = [row[0].strip("`") for row in rows(LIFECYCLE, "Statuses")]
    assert documented == [status.value for status in Status]


def test_the_lifecycle_page_lists_every_reason_in_the_words_of_the_code() -> None:
    documented = {reason.strip("`"): label for reason, label in rows(LIFECYCLE, "Reasons")}
    assert documented == {reason.value: reason.label for reason in Reason}


def test_the_lifecycle_page_lists_every_transition_with_its_reasons_and_event() -> None:
    coded = {
        (before and before.value, after.value, reason.value, event_type(after, reason).value)
        for (before, after), reasons in TRANSITIONS.items()
        for reason in reasons
    }
    assert documented_changes() == coded


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_leads_to_something(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?://|mailto:|#)([^)#]+)", page.read_text())
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_every_make_target_that_a_page_names_exists() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    # In code only, between backticks or at the start of a line: "make one" is plain English.
    command = re.compile(r"(?:`|^)(?:[A-Z_]+=\S+ )*make ([a-z]+)", re.MULTILINE)
    named = {name for page in PAGES for name in command.findall(page.read_text())}
    assert {"run", "check", "test"} <= named
    assert named - targets == set()


def test_every_command_that_a_page_names_exists() -> None:
    command = re.compile(r"manage\.py ([a-z_]+)")
    named = {name for page in PAGES for name in command.findall(page.read_text())}
    assert {"keys", "refresh_due", "qcluster"} <= named
    assert named - set(get_commands()) == set()


@pytest.mark.parametrize("case", ["new", "lost", "leaked"])
def test_the_security_page_leaves_keys_to_the_page_of_their_command(case: str) -> None:
    items = (ROOT / "SECURITY.md").read_text().split("\n- **")
    [told] = [item for item in items if item.startswith(f"A {case} key.")]
    assert "(docs/how-to/rotate-keys.md)" in told
