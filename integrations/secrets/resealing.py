"""Seals everything with the first key, while the service goes on using it.

Each row is a compare-and-swap on the sealed text that was read. A refresh that stores a new token
in between wins: its text is another one, sealed with the first key already.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection

from integrations.secrets.columns import SealedColumn, sealed_columns
from integrations.secrets.keyring import SealingError, key_ids

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from threading import Event

    from django.db.models import QuerySet

    from integrations.secrets.field import Sealed

# How often, and with what pause, rows are tried again that somebody else was writing.
PASSES: Final = 5
PAUSE_SECONDS: Final = 0.5

# A statement that waited for one row's lock while it holds another's could end in a deadlock with
# a transaction that stores refreshed tokens, and PostgreSQL might end that one. So this takes what
# is free and waits for nobody. The locks last as long as the statement.
_SWAP: Final = """
    WITH given (pk, old, new) AS (
        SELECT * FROM json_to_recordset(%s) AS given (pk {pk_type}, old text, new text)
    ), free AS (
        SELECT row.{pk} AS pk FROM {table} row
        JOIN given ON row.{pk} = given.pk AND row.{column} = given.old
        FOR NO KEY UPDATE OF row SKIP LOCKED
    )
    UPDATE {table} row SET {column} = given.new FROM given JOIN free ON free.pk = given.pk
    WHERE row.{pk} = given.pk AND row.{column} = given.old
"""


@dataclass(frozen=True, kw_only=True)
class Unopened:
    """A text that opens with no key, or belongs to another place: nobody can use it."""

    place: str
    pk: Any
    reason: str


@dataclass(frozen=True, kw_only=True)
class Swap:
    """A row's text as it was read, and the same under the first key."""

    pk: Any
    old: str
    new: Sealed


@dataclass(frozen=True, kw_only=True)
class Batch:
    """What came of some rows of one column.

    Attributes:
        missed: rows that somebody else wrote or had locked. They are tried again.
    """

    column: SealedColumn
    resealed: int
    missed: int
    unopened: list[Unopened] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of a run.

    Attributes:
        left: how many texts are not sealed with the first key, those of ``unopened`` among them.
    """

    resealed: Counter[str]
    unopened: list[Unopened]
    left: int


def reseal(*, batch_size: int, stop: Event, tell: Callable[[str, int], None]) -> Outcome:
    """Re-seal every column, batch by batch, until done or until ``stop`` is set.

    What is done is committed: whoever is interrupted begins again and finds only the rest.

    Args:
        tell: called after each batch with a column's name and how many of its rows were seen to.
    """
    resealed: Counter[str] = Counter()
    unopened: dict[tuple[str, Any], Unopened] = {}
    for column in sealed_columns():
        for batch in reseal_column(column, batch_size=batch_size, stop=stop):
            resealed[str(column)] += batch.resealed
            unopened |= {(found.place, found.pk): found for found in batch.unopened}
            tell(str(column), batch.resealed + len(batch.unopened))
    return Outcome(resealed=resealed, unopened=list(unopened.values()), left=count_left())


def count_left() -> int:
    """Return how many texts in the database are not sealed with the first key."""
    first = key_ids()[0]
    counts = [column.count_by_key() for column in sealed_columns()]
    return sum(count.total() - count[first] for count in counts)


def reseal_column(column: SealedColumn, *, batch_size: int, stop: Event) -> Iterator[Batch]:
    """Re-seal one column, yielding after each batch; rows in use all the time may be left."""
    for _ in range(PASSES):
        missed = 0
        for rows in batches(column.rows_not_sealed_with(key_ids()[0]), size=batch_size):
            if stop.is_set():
                return
            batch = _reseal_batch(column, rows)
            missed += batch.missed
            yield batch
        if not missed or stop.wait(PAUSE_SECONDS):
            return


def batches(rows: QuerySet[Any], *, size: int) -> Iterator[list[Any]]:
    """Yield ``rows`` in the order of their keys, ``size`` at a time, each batch read anew."""
    rows = rows.order_by("pk")
    batch = list(rows[:size])
    while batch:
        yield batch
        batch = list(rows.filter(pk__gt=batch[-1].pk)[:size])


def swap(column: SealedColumn, swaps: list[Swap]) -> int:
    """Write the new texts where the old ones still stand and nobody has the row; return how many.

    One statement, and a transaction of its own where there is none.
    """
    if not swaps:
        return 0
    pk, quote = column.model._meta.pk, connection.ops.quote_name
    statement = _SWAP.format(
        table=quote(column.model._meta.db_table),
        pk=quote(str(pk.column)),
        column=quote(column.field.column),
        pk_type=pk.rel_db_type(connection),
    )
    given = [{"pk": swap.pk, "old": swap.old, "new": swap.new} for swap in swaps]
    with connection.cursor() as cursor:
        # One text of JSON: a list of texts costs the driver more than sealing them.
        cursor.execute(statement, [json.dumps(given, cls=DjangoJSONEncoder)])
        return int(cursor.rowcount)


def _reseal_batch(column: SealedColumn, rows: list[Any]) -> Batch:
    swaps, unopened = [], []
    for row in rows:
        text = column.text_in(row)
        try:
            new = column.field.reseal_for(row, text)
        except SealingError as error:
            reason = type(error).__name__
            unopened.append(Unopened(place=str(column), pk=row.pk, reason=reason))
        else:
            swaps.append(Swap(pk=row.pk, old=text, new=new))
    resealed = swap(column, swaps)
    return Batch(column=column, resealed=resealed, missed=len(swaps) - resealed, unopened=unopened)
