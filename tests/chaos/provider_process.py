"""A chaos provider as a process, and its control."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import requests

from config.leash import leashed
from tests.chaos.calls import Call, read_calls, read_ends
from tests.chaos.families import Family
from tests.chaos.programs import ROOT

CONTROL_SECONDS = 60.0


class ProviderProcess:
    """``python -m tests.chaos.provider``. Start it from the main thread only.

    Attributes:
        name: strict or grace.
        url: where it answers, once started.
    """

    def __init__(self, *, name: str, folder: Path, lifetimes: list[float], seed: int) -> None:
        self.name = name
        self.url = ""
        self._book = folder / f"calls-{name}.jsonl"
        options = [f"--rotation={name}", f"--seed={seed}", f"--calls={self._book}"]
        options += [f"--lifetime={seconds}" for seconds in lifetimes]
        self._command = [sys.executable, "-m", "tests.chaos.provider", *options]
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start it and return once it listens."""
        self._process = subprocess.Popen(
            leashed(self._command, number=signal.SIGKILL),
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        if self._process.stdout is None:
            raise RuntimeError("the provider has no standard output")
        self.url = json.loads(self._process.stdout.readline())["url"]

    def stop(self) -> None:
        """End it; its book is complete with every call that is over."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()

    def turn_on(self, fault: dict[str, Any]) -> None:
        """Misbehave as ``fault`` says; see `tests.chaos.faults.Fault`."""
        self._control("faults", fault)

    def behave(self) -> None:
        """Turn the fault off."""
        self._control("faults", {})

    def aim(self, *, point: str, delay: float, pids: list[int]) -> None:
        """Kill the next of ``pids`` that calls, ``delay`` seconds after ``point`` of the call."""
        self._control("aim", {"point": point, "delay": delay, "pids": pids})

    def hold_fire(self) -> bool:
        """Forget the order to kill; return whether that was in time."""
        return bool(self._control("aim", {})["cancelled"])

    def shot(self) -> dict[str, Any] | None:
        """Return whom it killed by the last order: ``pid``, ``at``, ``call``; None if nobody."""
        answer = requests.get(f"{self.url}/control/aim", timeout=CONTROL_SECONDS).json()
        found: dict[str, Any] | None = answer["shot"]
        return found

    def revoke(self, person: str) -> dict[str, Any] | None:
        """Let the person withdraw her consent; return family and time, None without one."""
        found: dict[str, Any] | None = self._control("revoke", {"person": person})["revoked"]
        return found

    def families(self) -> list[Family]:
        """Return all families that were ever opened."""
        answer = requests.get(f"{self.url}/control/families", timeout=60).json()
        return [_family(values) for values in answer["families"]]

    def calls(self) -> list[Call]:
        """Return the calls that are over, in the order of their arrival."""
        return read_calls(self._book)

    def ends(self) -> dict[str, list[float]]:
        """Return when connections ended, in order, by `Call.connection`."""
        return read_ends(self._book)

    def _control(self, name: str, values: dict[str, Any]) -> dict[str, Any]:
        answer = requests.post(f"{self.url}/control/{name}", json=values, timeout=CONTROL_SECONDS)
        answer.raise_for_status()
        content: dict[str, Any] = answer.json()
        return content


def _family(values: dict[str, Any]) -> Family:
    spent = {int(serial): at for serial, at in values["spent"].items()}
    return Family(**(values | {"working": set(values["working"]), "spent": spent}))
