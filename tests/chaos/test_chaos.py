"""Fifty kills of real processes, and every grant accounted for (faults.md 1 to 11, 23, 25, 26)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.plan import KILL, PER_HUNDRED_KILLS, make_plan
from tests.chaos.programs import ROOT
from tests.run_process import OWN

KILLS = 50
ACCOUNTS = 60
PACE_SECONDS = 1.0
RIPE_SECONDS = 2.5
LONGEST_SECONDS = 600


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return the summary of a run, whose table is shown where a test fails."""
    output: Path = tmp_path_factory.mktemp("chaos") / "chaos.json"
    options = [f"--kills={KILLS}", f"--accounts={ACCOUNTS}"]
    options += [f"--pace={PACE_SECONDS}", f"--ripe={RIPE_SECONDS}"]
    done = subprocess.run(
        [sys.executable, "-m", "tests.chaos", *options, f"--output={output}"],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if name not in OWN},
        capture_output=True,
        text=True,
        check=False,
        timeout=LONGEST_SECONDS,
    )
    sys.stdout.write(done.stdout)
    assert output.exists(), done.stderr[-3000:]
    summary: dict[str, Any] = json.loads(output.read_text())
    assert done.returncode == (0 if summary["passed"] else 1)
    return summary


def test_nothing_happens_to_any_grant_that_must_not(run: dict[str, Any]) -> None:
    assert {kind: number for kind, number in run["offences"].items() if number} == {}


def test_everything_that_was_planned_was_done(run: dict[str, Any]) -> None:
    assert run["done"]["killed"] == KILLS
    assert set(PER_HUNDRED_KILLS) <= set(run["done"])


def test_a_person_who_revokes_is_found_out(run: dict[str, Any]) -> None:
    assert run["noted"]["revoked_by_person"] >= 1


def test_the_readers_were_served(run: dict[str, Any]) -> None:
    assert run["reads"]["token_good"] > KILLS


def test_the_same_seed_draws_the_same_plan() -> None:
    def plan(seed: int) -> list[object]:
        return list(make_plan(kills=100, seed=seed, pace=1.0, providers=["strict", "grace"]))

    assert plan(1) == plan(1)
    assert plan(1) != plan(2)


@pytest.mark.parametrize("kills", [1, 50, 1000])
def test_a_plan_has_as_many_kills_as_were_asked_for(kills: int) -> None:
    plan = make_plan(kills=kills, seed=3, pace=1.0, providers=["strict", "grace"])
    actions = [step.action for step in plan]
    assert actions.count(KILL) == kills
    assert set(PER_HUNDRED_KILLS) <= set(actions)
