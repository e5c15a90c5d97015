"""What ``manage.py toolkits check`` writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integrations.catalog.toolkit import OAUTH

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from integrations.catalog import Toolkit
    from integrations.catalog.faults import Inspection


def as_text(found: Inspection, *, unverified: bool) -> str:
    """Return a line for each fault, if asked for each unverified toolkit, and the counts."""
    lines = [str(fault) for fault in found.faults]
    if unverified:
        lines += _warnings(found.toolkits)
    return "\n".join([*lines, counts(found.toolkits)])


def counts(toolkits: Iterable[Toolkit]) -> str:
    """Return how many there are, how many tell their whole lifecycle, how many take keys first."""
    kits = tuple(toolkits)
    full = sum(kit.has_lifecycle_facts for kit in kits)
    keys = sum(kit.schemes[0] not in OAUTH for kit in kits)
    return f"{len(kits)} toolkits, {full} with full lifecycle facts, {keys} with keys"


def _warnings(toolkits: Iterable[Toolkit]) -> Iterator[str]:
    for kit in toolkits:
        if kit.unverified:
            yield f"{kit.slug}.yaml: unverified: {', '.join(kit.unverified)}"
