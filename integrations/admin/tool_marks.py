"""What the console tells of a tool's definition, in words: its inputs, where they go, its pages."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from integrations.admin.marks import Tone, badge
from integrations.tools.places import DEFAULT_STYLES

if TYPE_CHECKING:
    from django.utils.safestring import SafeString

    from integrations.tools.definition import ToolDefinition
    from integrations.tools.paging import Paging
    from integrations.tools.places import Placement

# Of the values that an input takes; the schema has all.
_SHOWN_VALUES: Final = 6
_STYLES: Final = {
    "comma": "comma-separated",
    "space": "space-separated",
    "pipe": "separated by |",
    "repeat": "repeated",
    "brackets": "with brackets",
    "json": "as JSON",
    "segments": "as several segments",
}
_BODIES: Final = {"json": "JSON", "form": "a form", "raw": "one value as it is"}


@dataclass(frozen=True, kw_only=True)
class Input:
    """One input: what it takes, and where it goes."""

    name: str
    kind: str
    required: bool
    place: str
    description: str


def effect(tool: ToolDefinition) -> SafeString:
    """Return what a call does at the service, as far as the tool says."""
    hints = tool.annotations
    if hints["readOnlyHint"]:
        return badge("Reads only", Tone.GOOD)
    if hints["destructiveHint"]:
        return badge("May change or delete", Tone.WARN)
    return badge("Adds only", Tone.BUSY)


def inputs_of(tool: ToolDefinition) -> list[Input]:
    """Return the inputs: the required ones first, in the path's order, then by name."""
    needed = set(tool.inputs.get("required", []))
    places = {
        name: place_text(place, tool.body, name=name) for name, place in tool.placements.items()
    }
    for made in tool.made:
        place = f"{place_text(made.named(''), tool.body)}, made by {made.encoder}"
        places |= dict.fromkeys(made.takes, place)
    rows = [
        Input(
            name=name,
            kind=kind_of(schema),
            required=name in needed,
            place=places[name],
            description=schema.get("description", "") if isinstance(schema, dict) else "",
        )
        for name, schema in tool.properties.items()
    ]
    return sorted(rows, key=lambda row: (not row.required, _turn(tool, row.name), row.name))


def _turn(tool: ToolDefinition, name: str) -> int:
    place = tool.placements.get(name)
    # The database keeps no order of an object's keys.
    found = tool.path.find(f"{{{place.name if place else ''}}}")
    return found if found >= 0 else len(tool.path)


def kind_of(schema: Any) -> str:
    """Return what a schema takes: ``string``, ``list of integer``, ``open or closed``."""
    if not isinstance(schema, dict):
        return "anything"
    if values := schema.get("enum"):
        more = " or others" if len(values) > _SHOWN_VALUES else ""
        return " or ".join(_shown(value) for value in values[:_SHOWN_VALUES]) + more
    kinds = schema.get("type") or [kind_of(below) for below in _choices(schema)] or "anything"
    names = [kinds] if isinstance(kinds, str) else list(dict.fromkeys(kinds))
    items = kind_of(schema["items"]) if "items" in schema else ""
    return " or ".join(f"list of {items}" if n == "array" and items else n for n in names)


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _choices(schema: dict[str, Any]) -> list[Any]:
    found: list[Any] = schema.get("anyOf") or schema.get("oneOf") or []
    return found


def place_text(place: Placement, body: str, *, name: str = "") -> str:
    """Return where a value goes: ``in the query``, ``in the body at /issue/title``.

    Args:
        body: what the tool's body is.
        name: of the input, which is not said again where the place has the same.
    """
    where = place.name or ""
    if place.part == "body":
        pointer = place.pointer or ""
        where = "" if pointer == f"/{name}" else pointer
        told = _in_body(where, body) if pointer else "as the whole body"
    elif place.part == "header":
        told = f"in the header {where}"
    else:
        told = f"in the {place.part}" + (f" as {where}" if where != name else "")
    default = place.style in {None, DEFAULT_STYLES[place.part]}
    return told if default else f"{told}, {_STYLES.get(str(place.style), place.style)}"


def _in_body(where: str, body: str) -> str:
    if not where:
        return "in the body"
    return f"in the body as {where[1:]}" if body == "form" else f"in the body at {where}"


def call_facts(tool: ToolDefinition) -> list[tuple[str, list[str]]]:
    """Return what a call is made of besides its inputs: labels, each with its lines.

    What is the same in every call is told by its place alone: a value may be a credential.
    """
    fixed = [place_text(each.named(""), tool.body) for each in tool.fixed]
    facts = [
        ("Below", [tool.base_url or "the auth config's base URL"]),
        ("Body", _body(tool)),
        ("Scopes", _scopes(tool)),
        ("Sent in every call", fixed),
        ("Pages", [paging_text(tool.paging)]),
        ("List in the answer", [tool.output.items or ""]),
    ]
    return [(label, lines) for label, lines in facts if any(lines)]


def _body(tool: ToolDefinition) -> list[str]:
    if not any(place.part == "body" for place in tool.everything_placed()):
        return []
    told = _BODIES[tool.body]
    return [f"{told}, {tool.content_type}" if tool.content_type else told]


def _scopes(tool: ToolDefinition) -> list[str]:
    """Return a line for each: all entries are needed, of several in one any will do."""
    lines: list[str] = []
    for first, *others in tool.scopes:
        lines += [f"and {first}" if lines else first, *(f"or {other}" for other in others)]
    return lines


def paging_text(paging: Paging | None) -> str:
    """Return how the next page is asked for; nothing where that is not known."""
    if paging is None:
        return ""
    told = f"{paging.input} {_taken(paging)}"
    if paging.size:
        told += f"; {paging.size} says how many are on one"
    return f"{told}; {paging.more} says whether there are more" if paging.more else told


def _taken(paging: Paging) -> str:
    if paging.kind == "page":
        return f"counts pages from {paging.start}"
    if paging.kind == "offset":
        return f"counts items from {paging.start}"
    if paging.kind == "link":
        link = f"the address at {paging.next}" if paging.next else "the Link header"
        return f"takes its parameter from {link}"
    if paging.last_item is not None:
        return f"takes {paging.last_item or 'the whole'} of the last item"
    return f"takes {paging.next} of the answer"
