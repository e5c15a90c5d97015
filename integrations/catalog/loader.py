"""Reads the catalog's files."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from integrations.catalog.allauth_adapters import endpoints
from integrations.catalog.toolkit import Toolkit

FOLDER: Final = Path(__file__).parent / "toolkits"
# What several toolkits of one company share; no toolkits themselves.
BASES: Final = Path(__file__).parent / "bases"
# libyaml's parser is ten times as fast where PyYAML was built with it.
_Loader: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class UnknownToolkit(LookupError):
    """The catalog has no toolkit of that name."""

    told = "There is no toolkit {!r} in the catalog."

    def __init__(self, slug: str) -> None:
        super().__init__(self.told.format(slug))


class UnusableDescription(UnknownToolkit):
    """A service that an auth config describes in a way that is understood no more."""

    told = "The description of {!r} has to be written anew: this version does not take it."


@cache
def slugs() -> frozenset[str]:
    """Return the names of all toolkits, without reading one."""
    return frozenset(path.stem for path in FOLDER.glob("*.yaml"))


@cache
def all_toolkits() -> dict[str, Toolkit]:
    """Return every toolkit by slug.

    Raises:
        ValueError: a file does not follow `Toolkit`.
    """
    return {slug: get_toolkit(slug) for slug in sorted(slugs())}


@cache
def get_toolkit(slug: str) -> Toolkit:
    """Return the toolkit named ``slug``. Raises UnknownToolkit."""
    if slug not in slugs():
        raise UnknownToolkit(slug)
    return read_toolkit(FOLDER / f"{slug}.yaml")


def read_toolkit(path: Path) -> Toolkit:
    """Return the toolkit that a file describes; its name is the slug.

    Raises:
        pydantic.ValidationError: it does not follow `Toolkit`.
        UnknownAdapter: it names a provider that django-allauth does not have.
    """
    return Toolkit.model_validate(read_fields(path) | {"slug": path.stem})


def read_fields(path: Path) -> dict[str, Any]:
    """Return what a file says, on top of what it ``extends`` and of allauth's adapter.

    Of ``identity`` single fields are taken from below, of everything else the whole.
    """
    own = parse(path)
    base = own.pop("extends", None)
    adapter = own.pop("allauth", None)
    shared = read_fields(BASES / f"{base}.yaml") if base else {}
    told = endpoints(adapter) if adapter else {}
    if "identity" not in own and "identity" not in shared:
        # allauth's parsing of the answer is code; without a path to the id the call is of no use.
        told.pop("identity", None)
    return _over(own, _over(shared, told))


def parse(path: Path) -> dict[str, Any]:
    """Return a file's own fields. Raises yaml.YAMLError, OSError, ValueError."""
    fields: dict[str, Any] = yaml.load(path.read_text("utf-8"), Loader=_Loader)  # noqa: S506 - safe
    return fields


def compose(path: Path) -> yaml.Node | None:
    """Return a file as a tree of nodes with their lines. Raises yaml.YAMLError, OSError."""
    return yaml.compose(path.read_text("utf-8"), Loader=_Loader)


def _over(above: dict[str, Any], below: dict[str, Any]) -> dict[str, Any]:
    fields = below | above
    upper, lower = above.get("identity"), below.get("identity")
    if isinstance(upper, dict) and isinstance(lower, dict):
        fields["identity"] = lower | upper
    return fields
