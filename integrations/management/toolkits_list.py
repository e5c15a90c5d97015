"""What ``manage.py toolkits list`` writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integrations.management.columns import aligned

if TYPE_CHECKING:
    from collections.abc import Iterable

    from integrations.catalog import Toolkit


def as_text(
    toolkits: Iterable[Toolkit], *, category: str = "", scheme: str = "", search: str = ""
) -> str:
    """Return a line for each toolkit that fits all of what is given."""
    rows = [
        (kit.slug, kit.name, kit.category, ", ".join(kit.schemes))
        for kit in toolkits
        if category in {"", kit.category}
        and (not scheme or scheme in kit.schemes)
        and search.casefold() in f"{kit.slug}\n{kit.name}\n{kit.description}".casefold()
    ]
    return aligned([("slug", "name", "category", "schemes"), *rows]) if rows else "No toolkit fits."
