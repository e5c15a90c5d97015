"""``python -m tests.bench.suite NAME``: one suite in a process of its own, with Django set up.

Takes its `Place` and the `Options` pickled on standard input, writes its figures where told.
"""

from __future__ import annotations

import importlib
import pickle
import signal
import subprocess
import sys
from pathlib import Path

import django

from config.leash import leashed
from tests.bench.figures import Figures
from tests.bench.options import ROOT, Options
from tests.bench.place import Place


def run_suite(name: str, *, place: Place, options: Options, figures: Path) -> int:
    """Run a suite and return its exit code. ``figures`` is the file it writes to."""
    process = subprocess.Popen(
        leashed(
            [sys.executable, "-m", "tests.bench.suite", name, str(figures)], number=signal.SIGKILL
        ),
        cwd=ROOT,
        env=place.environment,
        stdin=subprocess.PIPE,
    )
    try:
        process.communicate(pickle.dumps((place, options)))
    except SystemExit:
        process.send_signal(signal.SIGINT)
        raise
    finally:
        # Ctrl-C ends the suite too, which then ends what it started.
        process.wait()
    return process.returncode


def main(name: str, figures_file: str) -> None:
    """Run the suite ``name`` on what comes in on standard input."""
    django.setup()
    place, options = pickle.load(sys.stdin.buffer)  # noqa: S301 - from our own parent
    figures = Figures()
    module = importlib.import_module(f"tests.bench.suites.{name}")
    module.measure(place, options, figures)
    figures.save(Path(figures_file))


if __name__ == "__main__":
    main(*sys.argv[1:])
