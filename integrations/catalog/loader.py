"""Reads the catalog's files."""

from functools import cache
from pathlib import Path

import yaml

from integrations.catalog.toolkit import Toolkit

FOLDER = Path(__file__).parent / "toolkits"


class UnknownToolkit(LookupError):
    """The catalog has no toolkit of that name."""

    def __init__(self, slug: str) -> None:
        super().__init__(f"There is no toolkit {slug!r} in the catalog.")


@cache
def all_toolkits() -> dict[str, Toolkit]:
    """Return every toolkit by slug.

    Raises:
        pydantic.ValidationError: a file does not follow `Toolkit`.
    """
    entries = (read_toolkit(path) for path in sorted(FOLDER.glob("*.yaml")))
    return {toolkit.slug: toolkit for toolkit in entries}


def get_toolkit(slug: str) -> Toolkit:
    """Return the toolkit named ``slug``. Raises UnknownToolkit."""
    try:
        return all_toolkits()[slug]
    except KeyError:
        raise UnknownToolkit(slug) from None


def read_toolkit(path: Path) -> Toolkit:
    """Return the toolkit that a file describes; its name is the slug.

    Raises:
        pydantic.ValidationError: it does not follow `Toolkit`.
    """
    return Toolkit.model_validate(yaml.safe_load(path.read_text()) | {"slug": path.stem})
