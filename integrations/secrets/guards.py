"""What must be true before a step of a rotation: no process is left behind, no text either."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from integrations.secrets.canary import find_key_trouble
from integrations.secrets.census import take_census
from integrations.secrets.columns import sealed_columns
from integrations.secrets.keyring import SealingError, key_ids
from integrations.secrets.processes import other_connections
from integrations.secrets.resealing import batches

if TYPE_CHECKING:
    from collections.abc import Sequence

    from integrations.secrets.columns import SealedColumn
    from integrations.secrets.processes import Connections

_BATCH: Final = 500


class StepRefused(SealingError):
    """The keys are left as they are."""


def refuse_trouble() -> None:
    """Raise StepRefused where the configured keys do not go with this database."""
    for found in find_key_trouble():
        raise StepRefused(f"{found.explanation} (key {found.key_id})")


def refuse_processes_without(name: str) -> None:
    """Raise StepRefused where processes are connected that cannot open what ``name`` seals."""
    _refuse([found for found in other_connections() if found.lack(name)], f"without key {name}")


def refuse_processes_sealing_with(name: str) -> None:
    """Raise StepRefused where processes are connected that go on sealing with ``name``."""
    sealing = [found for found in other_connections() if found.seal_with(name)]
    _refuse(sealing, f"with key {name} in front, and seal with it")


def refuse_texts(name: str, *, give_up: bool) -> None:
    """Raise StepRefused where texts are sealed with ``name``.

    Args:
        give_up: let pass those that cannot be opened: all of them where the key is not configured.
    """
    left = take_census().of(name)
    if give_up and name not in key_ids():
        return
    if give_up:
        lost = {str(column) for column in sealed_columns() if not _any_opens(column, name)}
        left = {place: count for place, count in left.items() if place not in lost}
    if left:
        places = ", ".join(f"{count:,} in {place}" for place, count in left.items())
        raise StepRefused(
            f"Texts are sealed with key {name}: {places}. `keys reseal` changes what is in the "
            "database; what is elsewhere goes with time."
        )


def _any_opens(column: SealedColumn, name: str) -> bool:
    rows = column.rows_sealed_with(name)
    return any(_opens(column, row) for batch in batches(rows, size=_BATCH) for row in batch)


def _opens(column: SealedColumn, row: Any) -> bool:
    try:
        column.field.open_for(row, column.text_in(row))
    except SealingError:
        return False
    return True


def _refuse(connections: Sequence[Connections], how: str) -> None:
    for found in connections:
        since = "" if found.since is None else f", the oldest since {found.oldest}"
        raise StepRefused(
            f"Processes at {found.place} were started {how}; they hold {found.count} connections "
            f"to the database{since}. Restart them first."
        )
