"""Descriptions as people write them: YAML, of which JSON is a part."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import yaml

from integrations.catalog import Identity, KeyField, KeyForm, Toolkit
from integrations.described.describing import MOST_BYTES
from integrations.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# What a toolkit file has is five levels deep.
_DEEPEST: Final = 32

_PARTS: Final = (Toolkit, Identity, KeyForm, KeyField)
_RANKS: Final = {
    name: rank
    for rank, name in enumerate(
        dict.fromkeys(name for part in _PARTS for name in ("url", *part.model_fields))
    )
}

EXAMPLE: Final = """\
name: Example CRM
base_url: https://example.com/api/v1
authorization_url: https://example.com/oauth/authorize
token_url: https://example.com/oauth/token
client_auth: client_secret_post
default_scopes: [contacts.read]
identity:
  url: https://example.com/api/v1/me
  id_path: id
  label_paths: [email]
"""


def read_description(text: str) -> dict[str, Any]:
    """Return the fields that a text holds.

    Raises:
        InvalidInput: it is neither YAML nor JSON, says a thing twice, or is too large; names the
            line where that is known.
    """
    if len(text.encode()) > MOST_BYTES:
        raise _refusal(f"The description is larger than {MOST_BYTES // 1024} KiB.")
    try:
        _check_shape(text)
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        if not isinstance(root, yaml.MappingNode):
            raise _refusal("Write fields and their values, such as name: Example.")
        if (twice := next(_repeated(root), None)) is not None:
            raise _refusal(f"{_place(twice.start_mark)}{twice.value} is there twice.")
        fields: dict[str, Any] = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        raise _refusal(_explained(error)) from None
    except (yaml.YAMLError, ValueError, RecursionError):
        raise _refusal("It holds what no YAML may hold.") from None
    return {str(name): value for name, value in fields.items()}


def as_text(service: Mapping[str, Any]) -> str:
    """Return a description as YAML, in the order in which the reference has the fields."""
    text: str = yaml.safe_dump(_in_order(service), sort_keys=False, allow_unicode=True, width=100)
    return text


def _in_order(value: Any) -> Any:
    # The database keeps no order of its own.
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: _RANKS.get(name, len(_RANKS)))
        return {name: _in_order(value[name]) for name in names}
    return [_in_order(item) for item in value] if isinstance(value, list) else value


def _check_shape(text: str) -> None:
    """Refuse what grows while it is read: a value that is named once and stands in many places."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent):
            raise _refusal(f"{_place(event.start_mark)}no references here: write the value out.")
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            raise _refusal("It is nested too deeply.")


def _repeated(node: yaml.Node) -> Iterator[yaml.Node]:
    """Yield keys that are there twice: YAML's readers keep the last one and say nothing."""
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _repeated(item)
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    yield key
                seen.add(key.value)
            yield from _repeated(value)


def _explained(error: yaml.MarkedYAMLError) -> str:
    return f"{_place(error.problem_mark)}{error.problem or 'this is not YAML'}."


def _place(mark: Any) -> str:
    return f"Line {mark.line + 1}: " if mark else ""


def _refusal(problem: str) -> InvalidInput:
    return InvalidInput(fields=[{"field": "service", "problem": problem}])
