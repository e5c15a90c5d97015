"""Answers in a toolkit's own shape, built from the paths and rules of its file."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from typing import Any

from integrations.catalog import AnswerShape, Identity, Rule, Toolkit
from tests.conformance.texts import text_for

# A step that goes on with one item of a list: ``accounts[is_default=true]``.
_FILTERED = re.compile(r"(?P<list>\w+)\[(?P<field>\w+)=(?P<value>[\w-]+)\]")


def put(body: Any, path: str, value: Any) -> Any:
    """Return ``body`` with ``value`` at the dotted ``path``, as the catalog reads paths."""
    step, _, rest = path.partition(".")
    if step.isdecimal():
        items = list(body) if isinstance(body, list) else []
        items += [None] * (int(step) + 1 - len(items))
        items[int(step)] = put(items[int(step)], rest, value) if rest else value
        return items
    fields = dict(body) if isinstance(body, dict) else {}
    if wanted := _FILTERED.fullmatch(step):
        # The item that is meant comes after another one.
        mark = {"true": True, "false": False}.get(wanted["value"], wanted["value"])
        items = fields.get(wanted["list"], [{wanted["field"]: "other"}, {wanted["field"]: mark}])
        return fields | {wanted["list"]: [*items[:-1], put(items[-1], rest, value)]}
    if not rest or not step or "/" in path:  # a key that holds dots itself, or the last one
        return fields | {path: value}
    return fields | {step: put(fields.get(step), rest, value)}


def token_answer(
    toolkit: Toolkit, *, told: Mapping[str, str] | None = None, **parts: Any
) -> dict[str, Any]:
    """Return an answer with ``parts`` of RFC 6749, 5.1 where the toolkit has them.

    Args:
        told: the connection parameters that it tells.
        parts: without those that are None. An access token there is always.
    """
    parts = {"access_token": "access-One1", "token_type": toolkit.token_types[0]} | parts
    body: dict[str, Any] = _succeeding(toolkit)
    for name, value in parts.items():
        if value is not None:
            places: Mapping[Any, str] = toolkit.token_paths
            body = put(body, places.get(name, name), value)
    for name, parameter in toolkit.connection_parameters.items():
        if parameter.source == "token_response" and told and name in told:
            body = put(body, parameter.path or "", told[name])
    return body


def call_answers(toolkit: Toolkit, told: Mapping[str, str]) -> dict[str, Any]:
    """Return what the further calls answer that tell connection parameters, by their address.

    An address that is the identity call's too answers both.
    """
    identity = toolkit.identity
    bodies: dict[str, Any] = {}
    for name, parameter in toolkit.connection_parameters.items():
        if parameter.source == "call" and parameter.url:
            shared = identity is not None and identity.url == parameter.url
            start = identity_answer(identity) if identity and shared else {}
            body = bodies.setdefault(parameter.url, start)
            if name in told:
                bodies[parameter.url] = put(body, parameter.path or "", told[name])
    return bodies


def identity_answer(identity: Identity, *, labels: bool = True) -> Any:
    """Return an answer that tells an id, ``id-N`` at each path, and the labels ``label-N``."""
    body: Any = _succeeding(identity)
    for number, path in enumerate(identity.label_paths if labels else ()):
        body = put(body, path, f"label-{number}")
    for number, path in enumerate(identity.id_path or ()):
        body = put(body, path, f"id-{number}")
    return body


def answers_for(rule: Rule, shape: AnswerShape, *, filler: str = "") -> Iterator[Any]:
    """Yield every body that ``rule`` is about: each error at each place, each value of each field.

    Args:
        filler: an error beside the fields that decide, where the rule names none.
    """
    errors = [(path, error) for path in shape.error_path for error in rule.error or ()]
    choices = [errors] if errors else []
    choices += [[(path, value) for value in values] for path, values in rule.fields.items()]
    for chosen in itertools.product(*choices):
        body = _failing(shape)
        places = [path for path, _ in chosen]
        if filler and not errors and not _overlaps(shape.error_path[0], places):
            body = put(body, shape.error_path[0], filler)
        for path, value in chosen:
            body = put(body, path, value)
        yield _described(body, rule, shape, places)


def error_body(shape: AnswerShape, code: str) -> Any:
    """Return a refusal with ``code`` where the shape has its error."""
    return put(_failing(shape), shape.error_path[0], code)


def refuses_in_success(body: Any, shape: AnswerShape) -> bool:
    """Whether a 200 with ``body`` is a refusal too: by its marks, or by an error at its place."""
    return bool(shape.failed_if) or any(_is_at(body, path) for path in shape.error_path)


def _described(body: Any, rule: Rule, shape: AnswerShape, taken: list[str]) -> Any:
    if rule.description is None:
        return body
    free = [path for path in shape.description_path if not _overlaps(path, taken)]
    return put(body, free[0], text_for(rule.description, of="description", blanks=True))


def _overlaps(path: str, others: list[str]) -> bool:
    pairs = [(f"{path}.", f"{other}.") for other in others]
    return any(one.startswith(other) or other.startswith(one) for one, other in pairs)


def _succeeding(shape: AnswerShape) -> Any:
    """Return the marks of a success: the contrary of what marks a failure."""
    body: Any = {}
    for path, values in shape.failed_if.items():
        body = put(body, path, not values[0] if isinstance(values[0], bool) else "ok")
    return body


def _failing(shape: AnswerShape) -> Any:
    body: Any = {}
    for path, values in shape.failed_if.items():
        body = put(body, path, values[0])
    return body


def _is_at(body: Any, path: str) -> bool:
    step, _, rest = path.partition(".")
    if isinstance(body, dict) and path in body:
        return bool(body[path])
    if isinstance(body, list) and step.isdecimal():
        below = body[int(step)] if int(step) < len(body) else None
    else:
        below = body.get(step) if isinstance(body, dict) else None
    return _is_at(below, rest) if rest else bool(below)
