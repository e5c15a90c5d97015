"""How many texts are sealed with which key, everywhere."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from integrations.secrets import holders
from integrations.secrets.columns import sealed_columns


@dataclass(frozen=True, kw_only=True)
class Census:
    """Texts by place and key; under the key ``""`` texts that are not sealed at all.

    Attributes:
        columns: those in the database, by ``app.Model.field``.
        holders: those outside, by the name of who holds them.
    """

    columns: dict[str, Counter[str]]
    holders: dict[str, Counter[str]]

    @property
    def places(self) -> dict[str, Counter[str]]:
        """All of them."""
        return self.columns | self.holders

    @property
    def by_key(self) -> Counter[str]:
        """The texts of all places by key."""
        return sum(self.places.values(), Counter())

    def of(self, key_id: str) -> dict[str, int]:
        """Return the places that hold texts of ``key_id``, with how many."""
        return {place: counts[key_id] for place, counts in self.places.items() if counts[key_id]}


def take_census() -> Census:
    """Count. Raises OSError where a holder cannot be read."""
    columns = {str(column): column.count_by_key() for column in sealed_columns()}
    return Census(columns=columns, holders=holders.count_all())
