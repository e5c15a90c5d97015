"""One sandbox process for the tests of this folder, put back to its defaults before each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integrations.sandbox.oauth_client import CALLBACK, OAuthClient
from tests.sandbox_process import SandboxProcess

if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEMA = "sandbox_tests"


@pytest.fixture(scope="session")
def sandbox_process(database_url: str) -> Iterator[SandboxProcess]:
    """Yield a running sandbox."""
    process = SandboxProcess(database_url, schema=SCHEMA, redirect_uris=[CALLBACK]).start()
    yield process
    process.stop()


@pytest.fixture
def sandbox(sandbox_process: SandboxProcess) -> SandboxProcess:
    """Return the running sandbox with every switch at its default."""
    sandbox_process.reset()
    return sandbox_process


@pytest.fixture
def client(sandbox: SandboxProcess) -> OAuthClient:
    """Return the demo client of the running sandbox."""
    return OAuthClient(sandbox)
