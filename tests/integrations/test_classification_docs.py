"""The page on toolkit files lists every field with its default."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal, get_args, get_origin

import pytest
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from integrations.catalog import (
    BEARER,
    AnswerShape,
    Application,
    Calls,
    ConfigurationRule,
    ConnectionParameter,
    Identity,
    KeyField,
    KeyForm,
    Probe,
    RefreshTokenLife,
    Revocation,
    TerminalRule,
    Toolkit,
)
from integrations.catalog.keys import PLAIN
from integrations.catalog.scopes import Scopes
from integrations.catalog.toolkit import Rotation

PAGE = Path(__file__).resolve().parents[2] / "docs/reference/toolkit-files.md"


class AnyRule(TerminalRule, ConfigurationRule):
    """A rule with what may stand in any of the lists."""


SECTIONS: dict[str, type[BaseModel]] = {
    "Toolkit": Toolkit,
    "Scopes": Scopes,
    "Application": Application,
    "Keys": KeyForm,
    "Fields of a form": KeyField,
    "Connection parameters": ConnectionParameter,
    "Revocation": Revocation,
    "Rule": AnyRule,
    "Answer shape": AnswerShape,
    "Identity": Identity,
    "Refresh token": RefreshTokenLife,
    "Calls": Calls,
    "Probe": Probe,
}
# Defaults that are told in words.
IN_WORDS = {
    "one space": " ",
    "empty": "",
    "printable ASCII": PLAIN,
    "from the file's name": ...,
    "the toolkit's": "null",
}


def section_of(title: str) -> str:
    """Return the text below a heading, up to the next one."""
    after = re.split(rf"^#+ {title}$", PAGE.read_text(), flags=re.MULTILINE)[1]
    return re.split(r"^#+ ", after, flags=re.MULTILINE)[0]


def rows(section: str) -> dict[str, str]:
    """Return the first two cells of the table of a section."""
    found = re.findall(r"^\| `(\w+)` \| `?(.+?)`? \|", section_of(section), re.MULTILINE)
    return dict(found)


def values_of(model: type[BaseModel]) -> set[str]:
    """Return the words that may stand in a model's fields, where only some may."""
    choices = [field.annotation for field in model.model_fields.values()]
    return {
        str(value) for kind in choices if get_origin(kind) is Literal for value in get_args(kind)
    }


@pytest.mark.parametrize("section", SECTIONS)
def test_every_field_is_documented_with_its_default(section: str) -> None:
    model = SECTIONS[section]
    parts = (part for part in SECTIONS.values() if part is not model and issubclass(model, part))
    shared = {name for part in parts for name in part.model_fields}
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
    if default == BEARER:
        return {": ".join(*BEARER.headers.items())}
    if isinstance(default, BaseModel):
        return {"{}"}
    if isinstance(default, bool) or default is None:
        return {str(default).lower() if default is not None else "null"}
    if isinstance(default, tuple | list):
        inner = ", ".join(str(item) for item in default)
        return {f"[{inner}]", inner} if default else {"[]"}
    return {str(default)}


def test_every_kind_of_rotation_is_documented() -> None:
    kinds = re.findall(r"^\| `(\w+)` \|", section_of("Rotation"), re.MULTILINE)
    assert tuple(kinds) == get_args(Rotation)


@pytest.mark.parametrize("section", SECTIONS)
def test_every_word_that_may_stand_in_a_field_is_documented(section: str) -> None:
    told = section_of(section) + section_of("Rotation")
    assert {word for word in values_of(SECTIONS[section]) if f"`{word}`" not in told} == set()
