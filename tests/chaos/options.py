"""The command line of a run."""

from __future__ import annotations

import argparse
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, kw_only=True)
class Options:
    """What a run is made of. Durations are in seconds.

    Attributes:
        kills: how many processes are killed.
        seed: of the plan; the same seed draws the same steps, though not the same microseconds.
        accounts: over both providers.
        lifetimes: access tokens live one of these.
        lease: REFRESH_LEASE_SECONDS of every process.
        pace: mean time between two kills.
        ripe: so many seconds after its start a worker may be killed, if it works by then.
        settle: how long at most everything may take to come to rest at the end.
        keep: keep the run's folder: logs, books of calls, database.
    """

    kills: int = 100
    seed: int = 0
    accounts: int = 200
    workers: int = 3
    readers: int = 8
    lifetimes: tuple[float, ...] = (8.0, 12.0, 20.0)
    lease: int = 35
    pace: float = 1.5
    ripe: float = 3.0
    settle: float = 150.0
    output: Path = Path("var/chaos.json")
    keep: bool = False


def parse(arguments: Sequence[str] | None = None) -> Options:
    """Return the options that the command line gives. Ends the program where it is wrong."""
    standard = Options()
    parser = argparse.ArgumentParser(
        prog="python -m tests.chaos",
        description="Kill real workers, the database and connections; account for every grant.",
    )
    parser.add_argument("--kills", type=int, default=standard.kills, help="how many (%(default)s)")
    parser.add_argument("--seed", type=int, help="draw the same steps as the run that printed it")
    parser.add_argument("--accounts", type=int, default=standard.accounts)
    parser.add_argument("--workers", type=int, default=standard.workers)
    parser.add_argument("--readers", type=int, default=standard.readers)
    parser.add_argument("--pace", type=float, default=standard.pace, help="seconds between kills")
    parser.add_argument("--settle", type=float, default=standard.settle)
    parser.add_argument("--ripe", type=float, default=standard.ripe, help="age at a worker's kill")
    parser.add_argument("--output", type=Path, default=standard.output)
    parser.add_argument("--keep", action="store_true", help="keep logs and database of the run")
    given = vars(parser.parse_args(arguments))
    if given["seed"] is None:
        given["seed"] = secrets.randbelow(1_000_000)
    return Options(**given)
