"""What is not written down does not count: packages, checks, settings and errors are documented."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import config.api  # noqa: F401 - brings in every error
from config.settings import env
from integrations.errors import EvergrantError
from tests.contracts.source import APPS, ROOT, modules

REFERENCE = ROOT / "docs" / "reference"
# Folders that Django names and that hold nothing but what it looks for there.
DJANGOS_OWN = {"migrations", "management", "commands", "templatetags"}


def text_of(name: str) -> str:
    return (REFERENCE / name).read_text()


def rows_of(name: str) -> dict[str, list[str]]:
    """Return the rows of the tables of a page by their first cell."""
    lines = [line for line in text_of(name).splitlines() if line.startswith("| ")]
    cells = [
        [cell.strip(" `") for cell in re.split(r"\s\|\s|^\| ?|\s\|$", line)[1:]] for line in lines
    ]
    return {row[0]: row for row in cells}


def packages() -> list[Path]:
    found = {path.parent for app in APPS for path in (ROOT / app).rglob("*.py")}
    return sorted(folder for folder in found if folder.name not in DJANGOS_OWN)


@pytest.mark.parametrize("package", packages(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_package_says_what_it_is_for(package: Path) -> None:
    said = ast.get_docstring(ast.parse((package / "__init__.py").read_text())) or ""
    readme = package / "README.md"
    assert len(said) > 20 or readme.exists()


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        module.path
        for module in modules()
        if module.tree.body and not ast.get_docstring(module.tree)
    ]
    assert silent == []


def test_every_system_check_is_documented() -> None:
    ids = {
        node.value
        for module in modules()
        for node in module.walk()
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and re.fullmatch(r"(?:config|connections|webhooks|integrations)\.[EW]\d{3}", node.value)
    }
    assert {f"integrations.E00{number}" for number in range(1, 8)} <= ids
    documented = set(re.findall(r"^\| (\w+\.[EW]\d{3}) ", text_of("checks.md"), re.MULTILINE))
    assert documented == ids


def read_variables() -> set[str]:
    source = (ROOT / "config" / "settings.py").read_text()
    return set(env.scheme) | set(re.findall(r'\benv(?:\.\w+)?\("([A-Z_]+)"', source))


def test_every_setting_is_documented() -> None:
    documented = {name for name in rows_of("settings.md") if name.isupper()}
    assert documented == read_variables()


def test_every_default_is_documented_as_it_is() -> None:
    rows = rows_of("settings.md")
    for name, (_, default) in env.scheme.items():
        told = rows[name][1]
        written = ",".join(default) if isinstance(default, list) else default
        expected = {False: "0", "": "none"}.get(written, str(written))
        assert told == expected or name == "STATIC_ROOT", name


def codes_of_ours() -> dict[str, int]:
    kinds = [EvergrantError]
    for kind in kinds:
        kinds += kind.__subclasses__()
    return {kind.code: kind.status for kind in kinds}


def test_every_code_of_an_error_is_documented_with_its_status() -> None:
    text = text_of("errors.md")
    table = dict(re.findall(r"^\| (\d+) \| `(\w+)`", text, re.MULTILINE))
    documented = {code: int(status) for status, code in _pairs(text)}
    assert table
    for code, status in codes_of_ours().items():
        assert documented.get(code) == status, code


def _pairs(text: str) -> list[tuple[str, str]]:
    """Codes with their statuses: of the table, and of the sentence on the hosted pages."""
    pairs = re.findall(r"^\| (\d{3}) \| `(\w+)`", text, re.MULTILINE)
    for sentence in re.findall(r"`\w+`(?: and\s+`\w+`)? \(\d{3}\)", text):
        status = re.findall(r"\d{3}", sentence)[0]
        pairs += [(status, code) for code in re.findall(r"`(\w+)`", sentence)]
    return pairs


def test_every_code_that_the_api_writes_itself_is_documented() -> None:
    [api] = [module for module in modules() if module.path == "config/api.py"]
    written = {
        node.args[2].value
        for node in api.walk()
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) == "error_response"
        and isinstance(node.args[2], ast.Constant)
    }
    assert len(written) > 5
    assert written <= {code for _, code in _pairs(text_of("errors.md"))}


def test_no_documented_code_is_made_up() -> None:
    [api] = [module for module in modules() if module.path == "config/api.py"]
    text = ast.unparse(api.tree)
    for _, code in _pairs(text_of("errors.md")):
        assert code in codes_of_ours() or repr(code) in text, code
