"""The page on which an operator chooses a toolkit for a new auth config.

It works by GET alone; console/toolkits.js does the same filtering while one types.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from integrations.admin.toolkit_marks import category_label, mark, scheme_label
from integrations.catalog import UnknownToolkit, all_toolkits, get_toolkit

if TYPE_CHECKING:
    from django.http import QueryDict
    from django.utils.safestring import SafeString

    from integrations.catalog import Toolkit

# No name is longer; a longer search is not looked at further.
LONGEST_SEARCH: Final = 100


@dataclass(frozen=True, kw_only=True)
class Row:
    """A toolkit as the list shows it. ``text`` is what is searched, in lower case."""

    slug: str
    name: str
    description: str
    category: str
    category_label: str
    schemes: str
    mark: SafeString
    text: str

    @classmethod
    def of(cls, kit: Toolkit) -> Row:
        category = category_label(kit.category)
        schemes = ", ".join(scheme_label(scheme) for scheme in kit.schemes)
        searched = (kit.name, kit.slug, kit.description, category, schemes)
        return cls(
            slug=kit.slug,
            name=kit.name,
            description=kit.description,
            category=kit.category,
            category_label=category,
            schemes=schemes,
            mark=mark(kit.slug, kit.name),
            text=" ".join(searched).lower(),
        )

    @property
    def query(self) -> str:
        """What the form's address says of it."""
        return urlencode({"toolkit": self.slug})

    def fits(self, words: list[str], category: str) -> bool:
        """Whether every word stands somewhere in its texts, and it is of the category."""
        return category in {"", self.category} and all(word in self.text for word in words)


@cache
def rows() -> tuple[Row, ...]:
    """Return every toolkit, by name."""
    made = (Row.of(kit) for kit in all_toolkits().values())
    return tuple(sorted(made, key=lambda row: row.name.casefold()))


def list_of_toolkits(asked: QueryDict) -> dict[str, Any]:
    """Return the context of the page for a query of ``q`` and ``category``.

    What does not fit is in the page too, hidden, so that the script can show it.
    """
    search = asked.get("q", "").replace("\0", "").strip()[:LONGEST_SEARCH]
    categories = sorted({(row.category, row.category_label) for row in rows()}, key=lambda c: c[1])
    category = asked.get("category", "")
    if category not in dict(categories):
        category = ""
    words = search.lower().split()
    shown = [(row, row.fits(words, category)) for row in rows()]
    return {
        "rows": shown,
        "found": sum(fits for _row, fits in shown),
        "search": search,
        "category": category,
        "categories": categories,
    }


def chosen_toolkit(slug: str) -> Toolkit | None:
    """Return the toolkit of that slug, None where the catalog has no such."""
    try:
        return get_toolkit(slug)
    except UnknownToolkit:
        return None
