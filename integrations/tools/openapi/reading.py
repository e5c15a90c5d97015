"""Reads a document in JSON or YAML, within limits."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

import yaml

from integrations.tools.openapi.limits import DEEPEST, MOST_BYTES, MOST_VALUES, DocumentRefused

_CParser: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_VERSION: Final = re.compile(r"3\.[01]\.\d+")


class _Loader(_CParser):  # type: ignore[misc, valid-type] # chosen at run time
    """Reads YAML as JSON would have it: no dates, and ``yes`` and ``on`` are texts."""

    yaml_implicit_resolvers: dict[str, Any] = {}


for _tag, _pattern, _first in (
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("int", r"^[-+]?(?:0|[1-9][0-9]{0,18})$", "-+0123456789"),
    ("float", r"^[-+]?[0-9]{1,18}(?:\.[0-9]{1,18})?(?:[eE][-+]?[0-9]{1,2})?$", "-+0123456789"),
    ("null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), list(_first))


def read_document(path: Path) -> dict[str, Any]:
    """Return the OpenAPI document in a file.

    Raises:
        DocumentRefused: it is too large, no JSON or YAML, or no OpenAPI 3.0 or 3.1.
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise DocumentRefused(f"It is larger than {MOST_BYTES // 1024 // 1024} MiB.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise DocumentRefused("It is not UTF-8.") from None
    return as_openapi(parse(text))


def parse(text: str) -> Any:
    """Return what ``text`` holds. Raises DocumentRefused."""
    try:
        if text.lstrip().startswith("{"):
            _look_at_json(text)
            return json.loads(text)
        _look_at_yaml(text)
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - made of the safe one
    except (ValueError, yaml.YAMLError, RecursionError) as error:
        raise DocumentRefused(f"It is neither JSON nor YAML: {_first_line(error)}") from None


def as_openapi(document: Any) -> dict[str, Any]:
    """Return ``document`` if it is an OpenAPI document that can be read. Raises DocumentRefused."""
    version = document.get("openapi") if isinstance(document, dict) else None
    if not isinstance(document, dict) or not isinstance(version, str):
        older = isinstance(document, dict) and "swagger" in document
        hint = " (Swagger 2.0 has to be converted first)" if older else ""
        raise DocumentRefused(f"It is no OpenAPI document{hint}.")
    if not _VERSION.fullmatch(version):
        raise DocumentRefused(f"It is OpenAPI {version[:20]}; 3.0 and 3.1 can be read.")
    if not isinstance(document.get("paths"), dict):
        raise DocumentRefused("It has no paths.")
    return document


def _look_at_json(text: str) -> None:
    """Refuse what would take too much memory; counts too many rather than too few."""
    if sum(text.count(mark) for mark in "[{,") > MOST_VALUES:
        raise DocumentRefused(f"It has more than {MOST_VALUES:,} values.")


def _look_at_yaml(text: str) -> None:
    """Walk the events, which takes no memory, before anything is built of them.

    Merge keys copy what they name, and copies of copies grow without end.
    """
    depth = 0
    for count, event in enumerate(yaml.parse(text, Loader=_CParser)):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        elif isinstance(event, yaml.ScalarEvent) and event.value == "<<" and event.implicit[0]:
            raise DocumentRefused("It has merge keys (<<), which are not read.")
        if depth > DEEPEST or count > MOST_VALUES:
            raise DocumentRefused(
                f"It is deeper than {DEEPEST} or has over {MOST_VALUES:,} values."
            )


def _first_line(error: Exception) -> str:
    return str(error).split("\n", maxsplit=1)[0][:200]
