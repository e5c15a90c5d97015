"""Whatever django-allauth has a provider for is in the catalog, or the page says why it is not."""

from __future__ import annotations

from pathlib import Path

from allauth.socialaccount import providers

from integrations.catalog import slugs
from integrations.catalog.loader import BASES, FOLDER, parse
from tests.contracts.source import ROOT

PAGE = ROOT / "docs" / "reference" / "allauth-providers.md"
REASONS = {
    "another protocol",
    "closed",
    "ended",
    "no provider",
    "sign-in only",
    "signs its own way",
}


def rows(heading: str) -> dict[str, list[str]]:
    """Return the table below ``heading``: the cells of each provider."""
    section = PAGE.read_text().split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| `")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert len({first for first, *_ in cells}) == len(cells), "a provider is there twice"
    return {first.strip("`"): rest for first, *rest in cells}


def of_allauth() -> set[str]:
    """Return the folders of all of allauth's providers, without importing one."""
    [folder] = providers.__path__
    found = {path.parent.name for path in Path(folder).glob("*/provider.py")}
    assert len(found) > 100
    return found


def of_catalog() -> set[str]:
    """Return the providers that a file is built on, or that have a toolkit of their name."""
    files = [*FOLDER.glob("*.yaml"), *BASES.glob("*.yaml")]
    named = {parse(file).get("allauth") for file in files}
    return {str(name) for name in named if name} | slugs()


def test_every_provider_is_in_the_catalog_or_the_page_says_why_not() -> None:
    told = rows("Under another name").keys() | rows("Not in the catalog").keys()
    assert sorted(of_allauth() - of_catalog() - told) == []


def test_the_page_names_no_provider_that_is_none_or_is_in_the_catalog() -> None:
    renamed, left_out = rows("Under another name").keys(), rows("Not in the catalog").keys()
    assert sorted((renamed | left_out) - of_allauth()) == []
    assert sorted((renamed | left_out) & of_catalog()) == []
    assert sorted(renamed & left_out) == []


def test_the_toolkits_of_another_name_are_there() -> None:
    named = [cell for [cell] in rows("Under another name").values()]
    toolkits = {name.strip(" `") for cell in named for name in cell.split(",")}
    assert sorted(toolkits - slugs()) == []


def test_each_that_is_left_out_has_a_reason_and_a_sentence() -> None:
    for provider, (reason, more) in rows("Not in the catalog").items():
        assert reason in REASONS, provider
        assert more, provider
