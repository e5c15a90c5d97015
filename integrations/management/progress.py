"""Shows how far a long command is: a bar on a terminal, a line now and then in a log."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TextIO

    from rich.progress import Task

ROWS_PER_LINE = 20_000


class _Rate(ProgressColumn):
    """Rows per second."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.finished_speed or task.speed or 0:,.0f} rows/s")


@contextmanager
def showing_progress(*, total: int, out: TextIO) -> Iterator[Callable[[str, int], None]]:
    """Yield what to call with a place and how many rows were done there, of ``total`` in all."""
    if not out.isatty():
        yield _Lines(total, out)
        return
    with _bar(out) as progress:
        task = progress.add_task("", total=total)
        yield lambda place, rows: progress.update(task, description=place, advance=rows)


def _bar(out: TextIO) -> Progress:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeRemainingColumn(),
    )
    return Progress(*columns, console=Console(file=out), redirect_stdout=False)


class _Lines:
    """Writes a line per so many rows."""

    def __init__(self, total: int, out: TextIO) -> None:
        self._total, self._out = total, out
        self._done = 0
        self._began = time.monotonic()

    def __call__(self, place: str, rows: int) -> None:
        before = self._done // ROWS_PER_LINE
        self._done += rows
        if self._done // ROWS_PER_LINE == before:
            return
        rate = self._done / max(time.monotonic() - self._began, 1e-3)
        rest = max(self._total - self._done, 0) / rate
        self._out.write(
            f"{self._done:,} of {self._total:,} rows, {rate:,.0f} rows/s, {rest:,.0f} s left "
            f"({place})\n"
        )
