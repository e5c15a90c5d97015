"""Where the inputs of a tool go in the request."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from integrations.catalog.base import CatalogModel
from integrations.tools.pointers import LONGEST, PATTERN, escaped

Part = Literal["path", "query", "header", "body"]
# How a list or an object becomes text; see `integrations.tools.texts`. In a path ``segments`` lets
# a text span several segments.
Style = Literal["repeat", "comma", "space", "pipe", "brackets", "indexed", "json", "segments"]
STYLES: dict[Part, frozenset[Style]] = {
    "path": frozenset({"comma", "json", "segments"}),
    "query": frozenset({"repeat", "comma", "space", "pipe", "brackets", "indexed", "json"}),
    "header": frozenset({"comma", "json"}),
    "body": frozenset({"repeat", "comma", "space", "pipe", "brackets", "indexed", "json"}),
}
DEFAULT_STYLES: dict[Part, Style] = {
    "path": "comma",
    "query": "repeat",
    "header": "comma",
    "body": "repeat",
}
Pointer = Annotated[str, Field(pattern=PATTERN, max_length=LONGEST)]
InputName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]


class Placement(CatalogModel):
    """Where one value goes.

    Attributes:
        part: of the request; ``in`` in files and in the API.
        name: of the placeholder, parameter, header or field of the body, where it is not the
            input's own.
        pointer: where it stands in a JSON body, instead of a name; the empty one is the whole body.
        style: how a list or an object becomes text, in a path, query, header or form.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    part: Annotated[Part, Field(alias="in")]
    name: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    pointer: Pointer | None = None
    style: Style | None = None

    @model_validator(mode="after")
    def _is_possible(self) -> Self:
        if self.pointer is not None and (self.part != "body" or self.name is not None):
            raise ValueError("a pointer is for the body, and stands there instead of a name")
        if not f"{self.name or ''}{self.pointer or ''}".isprintable():
            raise ValueError("a name of control characters")
        if self.style is not None and self.style not in STYLES[self.part]:
            raise ValueError(f"no such style in the {self.part}: {self.style}")
        return self

    def named(self, name: str) -> Placement:
        """Return this with everything said that is left to the default for an input ``name``."""
        style = self.style or DEFAULT_STYLES[self.part]
        if self.part == "body":
            pointer = self.pointer
            if pointer is None:
                pointer = "/" + escaped(self.name or name)
            return self.model_copy(update={"name": None, "pointer": pointer, "style": style})
        return self.model_copy(update={"name": self.name or name, "style": style})


class Fixed(Placement):
    """A value that is the same in every call: a version, the query of a GraphQL call."""

    value: Any

    @model_validator(mode="after")
    def _is_named(self) -> Self:
        if self.name is None and self.pointer is None:
            raise ValueError("a fixed value needs a name or a pointer")
        if self.part == "path":
            raise ValueError("what is fixed in the path stands in the path")
        return self


class Made(Placement):
    """A value that is made of several inputs, by one of `integrations.tools.encoders`.

    Attributes:
        encoder: its name.
        takes: the inputs that it is made of; ``from`` in files and in the API. They go nowhere
            else. Where none of them is given, nothing is made.
    """

    encoder: str
    takes: Annotated[tuple[InputName, ...], Field(alias="from", min_length=1)]
