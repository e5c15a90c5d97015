"""docs/reference/toolkits.md says what the catalog's files say; the how-to's example is one."""

from __future__ import annotations

from pathlib import Path

from integrations.catalog import all_toolkits
from integrations.catalog.faults import inspect_files
from integrations.management.toolkits_page import as_markdown
from tests.contracts.source import ROOT

PAGE = ROOT / "docs" / "reference" / "toolkits.md"


def test_the_page_of_the_catalog_is_up_to_date() -> None:
    told = set(PAGE.read_text().splitlines())
    wanted = set(as_markdown(all_toolkits().values()).splitlines())
    assert sorted(told ^ wanted) == [], "`make toolkits` writes it anew"
    assert PAGE.read_text() == as_markdown(all_toolkits().values())


def test_every_toolkit_has_one_row() -> None:
    rows = [line.split("`")[1] for line in PAGE.read_text().splitlines() if line.startswith("| `")]
    assert sorted(rows) == sorted(all_toolkits())


def test_the_example_of_the_how_to_has_no_fault(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "how-to" / "add-a-toolkit.md").read_text()
    file = tmp_path / "acmejournal.yaml"
    file.write_text(page.partition("```yaml\n")[2].partition("```")[0])
    found = inspect_files([file])
    assert found.faults == ()
    assert found.toolkits[0].has_lifecycle_facts
