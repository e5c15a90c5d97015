"""The page on toolkit files lists every field with its default."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from integrations.catalog import (
    AnswerShape,
    Calls,
    Identity,
    Probe,
    RefreshTokenLife,
    TerminalRule,
    Toolkit,
)
from integrations.catalog.toolkit import Rotation

PAGE = Path(__file__).resolve().parents[2] / "docs/reference/toolkits.md"
SECTIONS: dict[str, type[BaseModel]] = {
    "Toolkit": Toolkit,
    "Rule": TerminalRule,
    "Answer shape": AnswerShape,
    "Identity": Identity,
    "Refresh token": RefreshTokenLife,
    "Calls": Calls,
    "Probe": Probe,
}
# Defaults that are told in words.
IN_WORDS = {"one space": " ", "Bearer` and a space": "Bearer ", "from the file's name": ...}


def rows(section: str) -> dict[str, str]:
    """Return the first two cells of the table of a section."""
    text = PAGE.read_text().split(f"\n## {section}\n")[1].split("\n## ")[0]
    return dict(re.findall(r"^\| `(\w+)` \| `?(.+?)`? \|", text, re.MULTILINE))


@pytest.mark.parametrize("section", SECTIONS)
def test_every_field_is_documented_with_its_default(section: str) -> None:
    model = SECTIONS[section]
    shared = set(AnswerShape.model_fields) if model is not AnswerShape else set()
    fields = {name: field for name, field in model.model_fields.items() if name not in shared}
    documented = rows(section)
    assert list(documented) == list(fields)
    for name, field in fields.items():
        told = documented[name]
        expected = IN_WORDS.get(told, told)
        assert expected in {..., *spellings(field.default)}, f"{section} {name}"


def spellings(default: object) -> set[str]:
    """Return how a default may be written: as YAML, or ``required`` where there is none."""
    if default is PydanticUndefined:
        return {"required"}
    if isinstance(default, BaseModel):
        return {"{}"}
    if isinstance(default, bool) or default is None:
        return {str(default).lower() if default is not None else "null"}
    if isinstance(default, tuple | list):
        inner = ", ".join(str(item) for item in default)
        return {f"[{inner}]", inner} if default else {"[]"}
    return {str(default)}


def test_every_kind_of_rotation_is_documented() -> None:
    text = PAGE.read_text().split("\n## Rotation\n")[1].split("\n## ")[0]
    assert tuple(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)) == get_args(Rotation)
