"""A whole installation: database, web server, worker, sandbox provider, receiver, browser."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser

from tests.chromium import running_chromium
from tests.evergrant_processes import EvergrantProcesses
from tests.receiver import Receiver
from tests.sandbox_process import SandboxProcess


@dataclass(frozen=True, kw_only=True)
class Installation:
    """Everything that runs, and what the demo command said."""

    evergrant: EvergrantProcesses
    sandbox: SandboxProcess
    receiver: Receiver
    demo: dict[str, Any]

    def api(self, method: str, path: str, **body: Any) -> Any:
        """Call Evergrant's API with the demo key and return the answer's JSON."""
        answer = requests.request(
            method,
            f"{self.evergrant.url}/api/v1/{path}",
            headers={"x-api-key": self.demo["api_key"]},
            json=body or None,
            timeout=60,
        )
        answer.raise_for_status()
        return answer.json() if answer.content else None


@pytest.fixture
def installation(fresh_database_url: str, tmp_path: Path) -> Iterator[Installation]:
    evergrant = EvergrantProcesses(fresh_database_url, tmp_path)
    sandbox = SandboxProcess(fresh_database_url).start()
    receiver = Receiver()
    try:
        with receiver:
            callback_url = f"{receiver.url}/connected"
            demo = evergrant.install(sandbox_url=sandbox.url, callback_url=callback_url)
            sandbox.add_redirect_uri(demo["callback_redirect_uri"])
            evergrant.start_web()
            evergrant.start_worker()
            yield Installation(evergrant=evergrant, sandbox=sandbox, receiver=receiver, demo=demo)
    finally:
        evergrant.stop()
        sandbox.stop()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with running_chromium() as launched:
        yield launched
