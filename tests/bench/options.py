"""What `make bench` is told."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from config.run.web_server import THREADS

ROOT: Final = Path(__file__).resolve().parents[2]
# More than gunicorn starts unless it is told otherwise.
BY_HAND_THREADS: Final = 4
SUITES: Final = ("refresh", "read", "stampede", "scale", "herd", "memory")


@dataclass(frozen=True, kw_only=True)
class Options:
    """How much to measure.

    Attributes:
        only: the suites to run.
        processes: with how many processes `refresh` is measured.
        threads: of each of Evergrant's web processes.
        by_hand_threads: of each of the by-hand project's.
        rounds: how often value and baseline take turns; the median counts.
        share: of the accounts, requests and seconds that a whole run takes.
        sizes: accounts in the databases of `scale`, ascending.
        herd: accounts whose tokens end in one minute.
        herd_lifetime: how many seconds their tokens live.
        output: the file that the figures are written to.
        folder: where databases and logs are while it runs.
    """

    only: tuple[str, ...]
    processes: tuple[int, ...]
    threads: int
    by_hand_threads: int
    rounds: int
    share: float
    sizes: tuple[int, ...]
    herd: int
    herd_lifetime: float
    output: Path
    folder: Path

    def some(self, number: int, *, least: int = 16) -> int:
        """Return ``number``, or less of it where less is to be measured."""
        return max(int(number * self.share), min(number, least))


def read_options(arguments: list[str]) -> Options:
    """Read the command line; exits with a message where it makes no sense."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--only", type=_names, default=SUITES, help=f"of {','.join(SUITES)}")
    parser.add_argument("--processes", type=_numbers, default=(1, 2), help="of `refresh`: 1,2")
    parser.add_argument("--threads", type=int, default=THREADS, help="of a web process")
    parser.add_argument("--by-hand-threads", type=int, default=BY_HAND_THREADS, help="of its own")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each value and baseline")
    parser.add_argument("--quick", action="store_true", help="a tenth of it: to see that it works")
    parser.add_argument("--share", type=float, help="of a whole run, instead of --quick")
    parser.add_argument("--sizes", type=_numbers, help="of `scale`: 10000,100000,1000000")
    parser.add_argument("--herd", type=int, help="accounts of `herd`: 100000")
    parser.add_argument("--herd-lifetime", type=float, help="of its tokens, in seconds: 1800")
    parser.add_argument("--output", type=Path, default=ROOT / "var" / "bench.json")
    parser.add_argument("--folder", type=Path, default=ROOT / "var", help="for scratch data")
    given = parser.parse_args(arguments)
    quick = given.quick
    return Options(
        only=given.only,
        processes=given.processes,
        threads=given.threads,
        by_hand_threads=given.by_hand_threads,
        rounds=given.rounds,
        share=given.share or (0.1 if quick else 1.0),
        sizes=given.sizes or ((5_000, 20_000) if quick else (10_000, 100_000, 1_000_000)),
        herd=given.herd or (2_000 if quick else 100_000),
        herd_lifetime=given.herd_lifetime or (60.0 if quick else 1800.0),
        output=given.output.resolve(),
        folder=given.folder.resolve(),
    )


def _names(text: str) -> tuple[str, ...]:
    wanted = tuple(text.split(","))
    if unknown := set(wanted) - set(SUITES):
        raise argparse.ArgumentTypeError(f"no suite: {', '.join(sorted(unknown))}")
    return wanted


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(sorted(int(number) for number in text.split(",")))
