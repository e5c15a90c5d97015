"""docs/reference/toolkits.md says what the catalog's files say; the how-to's faults are told so."""

from __future__ import annotations

from pathlib import Path

from integrations.catalog import all_toolkits
from integrations.catalog.faults import inspect_files
from integrations.management import toolkits_check
from integrations.management.toolkits_page import as_markdown
from tests.contracts.source import ROOT
from tests.followed_page import blocks_of

PAGE = ROOT / "docs" / "reference" / "toolkits.md"
HOW_TO = ROOT / "docs" / "how-to" / "add-a-toolkit.md"


def test_the_page_of_the_catalog_is_up_to_date() -> None:
    told = set(PAGE.read_text().splitlines())
    wanted = set(as_markdown(all_toolkits().values()).splitlines())
    assert sorted(told ^ wanted) == [], "`make toolkits` writes it anew"
    assert PAGE.read_text() == as_markdown(all_toolkits().values())


def test_every_toolkit_has_one_row() -> None:
    rows = [line.split("`")[1] for line in PAGE.read_text().splitlines() if line.startswith("| `")]
    assert sorted(rows) == sorted(all_toolkits())


def test_the_faults_of_the_how_to_are_told_in_its_words(tmp_path: Path) -> None:
    [example] = blocks_of(HOW_TO, "2. Write the file")
    file = tmp_path / "acmejournal.yaml"
    file.write_text(example.text.replace("pkce: true", "pkce: maybe\ntokn_url: x"))
    told = toolkits_check.as_text(inspect_files([file]), unverified=False)
    for line in blocks_of(HOW_TO, "3. Check it")[2].text.splitlines():
        assert line in told.splitlines()
