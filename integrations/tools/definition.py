"""One tool: a named endpoint with its inputs, and where each of them goes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from integrations.catalog.base import CatalogModel, OneOrMore
from integrations.tools.addressing import PLACEHOLDER
from integrations.tools.dialect import Schema, check_schema
from integrations.tools.encoders import ENCODERS
from integrations.tools.headers import is_value, may_be_set
from integrations.tools.hosts import is_address
from integrations.tools.paging import Output, Paging
from integrations.tools.places import Fixed, InputName, Made, Placement
from integrations.tools.pointers import steps_of

if TYPE_CHECKING:
    from integrations.catalog.scopes import Scopes

NAME: Final = r"^[a-z][a-z0-9_]{2,63}$"
_INPUT_NAME: Final = re.compile(r"^[A-Za-z0-9_.-]{1,64}$")
_MEDIA_TYPE: Final = r"^[\w.+-]+/[\w.+-]+(?:; ?[\w-]+=[\w.-]+)*$"
_SEGMENT = r"(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|\{[A-Za-z][A-Za-z0-9_]*\})"
Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
BODILESS: frozenset[Method] = frozenset({"GET", "DELETE"})
OVERWRITING: frozenset[Method] = frozenset({"PUT", "PATCH", "DELETE"})
REPEATABLE: frozenset[Method] = frozenset({"GET", "PUT", "DELETE"})


def _an_object(schema: Any) -> Any:
    """Say what is true of the inputs of every tool: an object, and nothing unknown in it."""
    given = schema if isinstance(schema, dict) else {"type": None}
    return {"type": "object", "properties": {}, "additionalProperties": False} | given


def _of_the_dialect(schema: Schema) -> Schema:
    check_schema(schema)
    shape = (schema["type"], schema["additionalProperties"])
    if shape != ("object", False) or not isinstance(schema["properties"], dict):
        raise ValueError("inputs are an object that takes nothing unknown")
    known = {"type", "properties", "required", "additionalProperties", "description"}
    if unknown := sorted(set(schema) - known):
        raise ValueError(f"not at the top of inputs: {', '.join(unknown)}")
    required = schema.get("required", [])
    if not isinstance(required, list) or set(required) - set(schema["properties"]):
        raise ValueError("required names what is no input")
    return schema


def _an_address(url: str) -> str:
    if not is_address(url):
        raise ValueError("not an address that requests can begin with")
    return url


Inputs = Annotated[Schema, BeforeValidator(_an_object), AfterValidator(_of_the_dialect)]


class ToolDefinition(CatalogModel):
    """A tool. Every field is explained in docs/reference/tool-files.md.

    An input that has no ``placement`` goes into the path where the path has a placeholder of its
    name, else into the query of a GET or DELETE, else into the body.
    """

    name: Annotated[str, Field(pattern=NAME)]
    title: Annotated[str, Field(max_length=100)] = ""
    description: Annotated[str, Field(min_length=1, max_length=4000)]
    method: Method = "GET"
    base_url: Annotated[str, Field(max_length=500), AfterValidator(_an_address)] | None = None
    path: Annotated[str, Field(max_length=1000, pattern=rf"^(?:/{_SEGMENT}+)*/?$")]
    inputs: Inputs = Field(default_factory=lambda: _an_object({}))
    placement: dict[InputName, Placement] = {}
    fixed: tuple[Fixed, ...] = ()
    made: tuple[Made, ...] = ()
    body: Literal["json", "form", "raw"] = "json"
    content_type: Annotated[str, Field(pattern=_MEDIA_TYPE)] | None = None
    # Each entry is one scope, or several of which any will do, the narrowest first.
    scopes: tuple[OneOrMore[str], ...] = ()
    read_only: bool | None = None
    destructive: bool | None = None
    idempotent: bool | None = None
    paging: Paging | None = None
    output: Output = Output()

    @property
    def properties(self) -> Mapping[str, Any]:
        """The inputs' schemas by name."""
        found: Mapping[str, Any] = self.inputs["properties"]
        return found

    @cached_property
    def placements(self) -> dict[str, Placement]:
        """Where each input goes, defaults filled in; without those that something is made of."""
        taken = {name for made in self.made for name in made.takes}
        return {name: self._place_of(name) for name in self.properties if name not in taken}

    def _place_of(self, name: str) -> Placement:
        if name in self.placement:
            return self.placement[name].named(name)
        if name in PLACEHOLDER.findall(self.path):
            part: Literal["path", "query", "body"] = "path"
        else:
            part = "query" if self.method in BODILESS else "body"
        return Placement(part=part).named(name)

    def everything_placed(self) -> Iterator[Placement]:
        """Yield where anything goes: inputs, what is fixed, what is made."""
        yield from self.placements.values()
        yield from (placed.named("") for placed in (*self.fixed, *self.made))

    @property
    def annotations(self) -> dict[str, Any]:
        """What the Model Context Protocol tells of a tool: hints, no promises."""
        reads = self.method == "GET" if self.read_only is None else self.read_only
        destroys = self.method in OVERWRITING if self.destructive is None else self.destructive
        again = self.method in REPEATABLE if self.idempotent is None else self.idempotent
        return {
            "title": self.title or self.name,
            "readOnlyHint": reads,
            "destructiveHint": destroys and not reads,
            "idempotentHint": again or reads,
            "openWorldHint": True,
        }

    def missing_scopes(self, granted: Collection[str], *, toolkit: Scopes) -> list[str]:
        """Return what ``granted`` lacks, of several that would do the narrowest.

        Args:
            toolkit: says which scopes are the same, and which bring others along.
        """
        return [
            choices[0]
            for choices in self.scopes
            if len(toolkit.missing_scopes(wanted=choices, granted=granted)) == len(choices)
        ]

    def as_data(self) -> dict[str, Any]:
        """Return it as JSON, without what is left to the defaults."""
        return self.model_dump(mode="json", by_alias=True, exclude_defaults=True)

    # --- What has to be true of it ----------------------------------------------------------------

    @model_validator(mode="after")
    def _names_what_is_there(self) -> Self:
        known = set(self.properties)
        taken = [name for made in self.made for name in made.takes]
        paged = [self.paging.input, self.paging.size] if self.paging else []
        named = [*self.placement, *taken, *(name for name in paged if name)]
        if unknown := sorted(set(named) - known):
            raise ValueError(f"these are no inputs: {', '.join(unknown)}")
        if both := sorted(set(taken) & set(self.placement)):
            raise ValueError(f"placed, and something is made of them: {', '.join(both)}")
        if unknown := sorted({made.encoder for made in self.made} - set(ENCODERS)):
            raise ValueError(f"no such encoders: {', '.join(unknown)}")
        for name in known:
            if not _INPUT_NAME.match(name):
                raise ValueError(f"no name for an input: {name[:80]!r}")
        return self

    @model_validator(mode="after")
    def _path_is_whole(self) -> Self:
        if {".", ".."} & set(self.path.split("/")):
            raise ValueError("the path climbs")
        wanted = PLACEHOLDER.findall(self.path)
        placed = {
            place.name: name for name, place in self.placements.items() if place.part == "path"
        }
        if set(wanted) != set(placed) or len(wanted) != len(set(wanted)):
            raise ValueError("the path's placeholders are not the inputs that go there, once each")
        needed = set(self.inputs.get("required", []))
        for name in placed.values():
            if name not in needed and "default" not in self.properties[name]:
                raise ValueError(f"{name} goes into the path, so it is required or has a default")
        return self

    @model_validator(mode="after")
    def _everything_has_its_own_place(self) -> Self:
        seen = Counter(
            (place.part, (place.name or place.pointer or "").lower())
            if place.part == "header"
            else (place.part, place.name or place.pointer or "")
            for place in self.everything_placed()
        )
        if twice := sorted(f"{part} {name}" for (part, name), count in seen.items() if count > 1):
            raise ValueError(f"two values in one place: {', '.join(twice)}")
        pointers = [steps_of(name) for part, name in seen if part == "body"]
        for one in pointers:
            if any(one != other and other[: len(one)] == one for other in pointers):
                raise ValueError(f"one value lies within another in the body: /{'/'.join(one)}")
        return self

    @model_validator(mode="after")
    def _body_is_possible(self) -> Self:
        pointers = [p.pointer or "" for p in self.everything_placed() if p.part == "body"]
        if pointers and self.method == "GET":
            raise ValueError("a GET has no body")
        if self.body == "raw" and pointers not in ([], [""]):
            raise ValueError("a raw body is one value, at the empty pointer")
        if self.body == "form" and any(len(steps_of(pointer)) != 1 for pointer in pointers):
            raise ValueError("a form has names, and no pointers")
        return self

    @model_validator(mode="after")
    def _headers_are_its_to_set(self) -> Self:
        for place in self.everything_placed():
            name = place.name or ""
            if place.part != "header":
                continue
            if not may_be_set(name) or (name.lower() == "content-type" and self.body != "raw"):
                raise ValueError(f"a tool may not set the header {name[:80]!r}")
        for fixed in self.fixed:
            if fixed.part == "header" and not is_value(str(fixed.value)):
                raise ValueError(f"no value for a header: {fixed.name}")
        return self
