"""Makes an HTTP request of a tool and inputs. A pure function: nothing is sent, nothing is read."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode

from integrations.tools.addressing import join
from integrations.tools.definition import ToolDefinition
from integrations.tools.encoders import ENCODERS
from integrations.tools.errors import InvalidToolInput, ToolHasNoAddress
from integrations.tools.headers import is_value
from integrations.tools.places import Placement
from integrations.tools.pointers import put, steps_of
from integrations.tools.texts import Pairs, as_json, pairs_of, text_of
from integrations.tools.validating import validate_inputs

CONTENT_TYPES: Final = {
    "json": "application/json",
    "form": "application/x-www-form-urlencoded",
    "raw": "text/plain; charset=utf-8",
}
_NOTHING: Final = object()


@dataclass(frozen=True, kw_only=True, repr=False)
class HttpRequest:
    """A request without credentials: `integrations.schemes` adds those when it is sent.

    Attributes:
        url: without the query.
        query: parameters in order; a name may come again.
        headers: Content-Type among them where there is a body.
        json: the body as a value, of tools that send JSON; None where there is none.
        form: the body as fields, of tools that send a form.
        content: the body as it is sent, whatever its kind; None where there is none.
    """

    method: str
    url: str
    query: tuple[tuple[str, str], ...] = ()
    headers: dict[str, str] = field(default_factory=dict)
    json: Any = None
    form: tuple[tuple[str, str], ...] = ()
    content: bytes | None = None

    @property
    def full_url(self) -> str:
        """The address with its query."""
        return f"{self.url}?{urlencode(self.query)}" if self.query else self.url


def build_request(
    tool: ToolDefinition, inputs: Mapping[str, Any], base_url: str | None
) -> HttpRequest:
    """Return the request that calls ``tool`` with ``inputs``.

    Args:
        base_url: of the toolkit, with the values of the auth config and the account filled in. A
            tool that has one of its own is called there.

    Raises:
        InvalidToolInput: the inputs do not fit; ``details.fields`` say what and why.
        ToolHasNoAddress: there is no base URL, or it still has placeholders.
    """
    address = tool.base_url or base_url
    if address is None:
        raise ToolHasNoAddress
    given = validate_inputs(tool, inputs)
    parts = _Parts(tool)
    for placed in tool.fixed:
        parts.add(placed.named(""), copy.deepcopy(placed.value), "")
    for made in tool.made:
        of = {name: given[name] for name in made.takes if name in given}
        if of:
            parts.add(made.named(made.takes[0]), ENCODERS[made.encoder](of), made.takes[0])
    for name, place in tool.placements.items():
        if name in given:
            parts.add(place, copy.deepcopy(given[name]), name)
    return parts.request(address)


class _Parts:
    """The request while it is put together."""

    def __init__(self, tool: ToolDefinition) -> None:
        self.tool = tool
        self.path: dict[str, tuple[str, bool]] = {}
        self.query: Pairs = []
        self.headers: dict[str, str] = {}
        self.form: Pairs = []
        self.body: Any = _NOTHING

    def add(self, place: Placement, value: Any, name: str) -> None:
        """Put ``value`` where ``place`` says. ``name`` is the input that an error speaks of."""
        style = place.style or "comma"
        match place.part:
            case "path":
                self.path[place.name or ""] = (text_of(value, style), style == "segments")
            case "query":
                # A parameter that is null is one that is not there: no query or header has a null.
                self.query += [] if value is None else pairs_of(place.name or "", value, style)
            case "header" if value is not None:
                self._add_header(place.name or "", text_of(value, style), name)
            case "body":
                self._add_to_body(place, value, name)

    def _add_header(self, header: str, text: str, name: str) -> None:
        if not is_value(text):
            raise InvalidToolInput.because((name, "must be one line of plain ASCII"))
        self.headers[header] = text

    def _add_to_body(self, place: Placement, value: Any, name: str) -> None:
        pointer = place.pointer or ""
        if self.tool.body == "form":
            [field_name] = steps_of(pointer)
            self.form += (
                [] if value is None else pairs_of(field_name, value, place.style or "repeat")
            )
            return
        before = None if self.body is _NOTHING else self.body
        try:
            self.body = put(before, pointer, value)
        except ValueError:
            problem = "needs another input that stands before it in the list"
            raise InvalidToolInput.because((name, problem)) from None

    def request(self, address: str) -> HttpRequest:
        """Return what was put together."""
        tool = self.tool
        try:
            url = join(address, tool.path, self.path)
        except InvalidToolInput as error:
            raise self._by_input(error) from None
        content = self._content()
        headers = dict(self.headers)
        if content is not None and not any(name.lower() == "content-type" for name in headers):
            headers["Content-Type"] = tool.content_type or CONTENT_TYPES[tool.body]
        json = self.body if tool.body == "json" and self.body is not _NOTHING else None
        return HttpRequest(
            method=tool.method,
            url=url,
            query=tuple(self.query),
            headers=headers,
            json=json,
            form=tuple(self.form),
            content=content,
        )

    def _content(self) -> bytes | None:
        """Return the body in bytes. Where a body is possible and empty, JSON is still sent."""
        tool = self.tool
        wanted = any(place.part == "body" for place in tool.everything_placed())
        if tool.body == "form":
            return urlencode(self.form).encode() if wanted else None
        if self.body is _NOTHING and wanted and tool.body == "json":
            self.body = {}
        if self.body is _NOTHING:
            return None
        text = as_json(self.body) if tool.body == "json" else text_of(self.body)
        return text.encode()

    def _by_input(self, error: InvalidToolInput) -> InvalidToolInput:
        """Return ``error`` with placeholders named as the inputs that fill them."""
        names = {
            place.name: name for name, place in self.tool.placements.items() if place.part == "path"
        }
        told = error.details["fields"]
        return InvalidToolInput.because(
            *((names.get(found["field"], found["field"]), found["problem"]) for found in told)
        )
