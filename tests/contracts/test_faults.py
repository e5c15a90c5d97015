"""Every fault of these kinds has a test, and a table says which and why."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
ROWS = [*range(1, 25), *range(30, 40), 43, 46, 47]
TABLE = TESTS / "faults/README.md"


def marked() -> dict[int, set[str]]:
    """Return the names of the tests marked ``fault(row)``, by row."""
    found: dict[int, set[str]] = defaultdict(set)
    for path in TESTS.rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text(), str(path))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                for row in rows_of(node):
                    found[row].add(node.name)
    return found


def rows_of(test: ast.FunctionDef) -> Iterator[int]:
    for mark in test.decorator_list:
        if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.fault":
            yield from (ast.literal_eval(argument) for argument in mark.args)


def listed() -> dict[int, set[str]]:
    """Return the names of the tests in the table, by row."""
    rows = re.findall(r"^\| (\d+) \|([^|]*)\|", TABLE.read_text(), re.MULTILINE)
    return {int(row): set(re.findall(r"`(test_\w+)`", cell)) for row, cell in rows}


def test_every_row_has_a_test() -> None:
    assert sorted(marked()) == ROWS


def test_the_table_names_the_tests_of_every_row() -> None:
    assert listed() == marked()


def test_every_row_of_the_table_says_what_its_test_says_without_the_defence() -> None:
    rows = re.findall(r"^\| (\d+) \|(.*)\|$", TABLE.read_text(), re.MULTILINE)
    short = [row for row, cells in rows if not all(c.strip() for c in cells.split(" | "))]
    assert short == []
    assert {len(cells.split(" | ")) for _, cells in rows} == {3}
