"""What ``manage.py toolkits page`` writes: the page of the catalog, docs/reference/toolkits.md."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from integrations.catalog import lifetimes
from integrations.management.toolkits_check import counts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from integrations.catalog import Toolkit

_HEAD = """# Toolkits

Written by `make toolkits` from the files in
[integrations/catalog/toolkits/](../../integrations/catalog/toolkits); not by hand.
`manage.py toolkits show SLUG` tells more of one. None but Acme Notes has been tried with a real
client.

{counts}.

- **an access token lives** so long where the answer itself does not say; of a service with keys,
  the token that a key is traded for. An en dash stands where there is nothing of the kind.
- **a refresh** says what becomes of the refresh token.
- **a grant ends** by itself when the first of these has passed.
- **facts**: *full* where the file tells the whole lifecycle
  ([toolkit files](toolkit-files.md#toolkit)), *partly* where it leaves something to defaults; then
  the fields that no page of the provider's own was seen to say.
"""
_COLUMNS = (
    "slug",
    "name",
    "schemes",
    "an access token lives",
    "a refresh",
    "a grant ends",
    "revocation",
    "facts",
)


def as_markdown(toolkits: Iterable[Toolkit]) -> str:
    """Return the page: a table for each category, each toolkit a row."""
    kits = sorted(toolkits, key=lambda kit: (kit.category, kit.slug))
    tables = [_table(name, found) for name, found in groupby(kits, lambda kit: kit.category)]
    return "\n".join([_HEAD.format(counts=counts(kits)), *tables])


def _table(category: str, toolkits: Iterable[Toolkit]) -> str:
    lines = [f"## {category}", "", _row(_COLUMNS), _row(["---"] * len(_COLUMNS))]
    return "\n".join([*lines, *(_row(_cells(kit)) for kit in toolkits), ""])


def _cells(kit: Toolkit) -> Iterable[str]:
    yield f"`{kit.slug}`"
    yield kit.name
    yield ", ".join(f"`{scheme}`" for scheme in kit.schemes)
    yield lifetimes.access_token_life(kit)
    yield lifetimes.rotation(kit)
    yield lifetimes.ending(kit)
    yield lifetimes.revocation(kit)
    doubts = ", ".join(f"`{field}`" for field in kit.unverified)
    yield f"{lifetimes.facts(kit)}; unverified: {doubts}" if doubts else lifetimes.facts(kit)


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
