"""``python -m tests.bench.table [FILE]``: a run's figures as the tables of the documentation."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

from tests.bench.options import ROOT

HEAD = "| figure | value | baseline | ratio | unit |\n| --- | ---: | ---: | ---: | --- |\n"


def tables(figures: Mapping[str, Mapping[str, Any]]) -> str:
    """Return one table in Markdown per suite, in the order of the run."""
    parts = []
    for suite, names in groupby(figures, key=lambda name: name.partition(".")[0]):
        rows = "".join(_row(name, figures[name]) for name in names)
        parts.append(f"### {suite}\n\n{HEAD}{rows}")
    return "\n".join(parts)


def _row(name: str, figure: Mapping[str, Any]) -> str:
    numbers = (_number(figure[column]) for column in ("value", "baseline", "ratio"))
    return f"| `{name}` | {' | '.join(numbers)} | {figure['unit']} |\n"


def _number(value: float | None) -> str:
    """Return ``value`` with three digits or a few more."""
    if value is None:
        return ""
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f}"


if __name__ == "__main__":
    file = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "var" / "bench.json"
    sys.stdout.write(tables(json.loads(file.read_text())))
