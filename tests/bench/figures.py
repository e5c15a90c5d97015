"""The figures of a run: shown as they come, and written as JSON at the end."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

NAME_WIDTH = 40


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One measured value, and what it is held against.

    Attributes:
        unit: of value and baseline. Rates are better when larger, times and counts when smaller.
        baseline: None where the value stands alone.
    """

    value: float
    unit: str
    baseline: float | None = None

    @property
    def ratio(self) -> float | None:
        """Value divided by baseline."""
        return self.value / self.baseline if self.baseline else None


class Figures:
    """The figures of one suite, by name."""

    def __init__(self) -> None:
        self._all: dict[str, dict[str, float | str | None]] = {}
        self.faults: list[str] = []

    def add(self, name: str, value: float, unit: str, *, baseline: float | None = None) -> None:
        """Note a figure and show it."""
        figure = Figure(value=round(value, 4), unit=unit, baseline=_rounded(baseline))
        ratio = _rounded(figure.ratio)
        self._all[name] = asdict(figure) | {"ratio": ratio}
        text = f"  {name:{NAME_WIDTH}} {figure.value:>12,.2f} {unit:12}"
        if figure.baseline is not None:
            text += f" baseline {figure.baseline:>10,.2f}"
        tell(text + ("" if ratio is None else f"  ratio {ratio:.2f}"))

    def compare(self, name: str, values: list[float], baselines: list[float], unit: str) -> None:
        """Note the median of ``values`` beside the median of ``baselines``."""
        self.add(name, median(values), unit, baseline=median(baselines))

    def check(self, what: str, *, found: object, wanted: object) -> None:
        """Note a fault where ``found`` is not ``wanted``; a run with faults fails."""
        if found != wanted:
            self.faults.append(f"{what}: {found!r}, not {wanted!r}")
            tell(f"  FAULT {self.faults[-1]}")

    def save(self, path: Path) -> None:
        """Write figures and faults for the process that gathers them."""
        path.write_text(json.dumps({"figures": self._all, "faults": self.faults}))


def tell(text: str) -> None:
    """Write a line at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _rounded(number: float | None) -> float | None:
    return None if number is None else round(number, 4)
