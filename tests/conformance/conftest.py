"""The fake provider, behind the door's transport."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django.fixtures import Settings

from integrations.outbound import use_transport
from tests.conformance.provider import Provider
from tests.conformance.server import Server
from tests.conformance.wire import to_loopback

COLLECTED = pytest.StashKey[list[pytest.Item]]()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Remember all that was collected, before ``-k`` takes some away."""
    config.stash[COLLECTED] = list(items)


@pytest.fixture
def collected(pytestconfig: pytest.Config) -> list[pytest.Item]:
    """Return every test that pytest found."""
    return pytestconfig.stash[COLLECTED]


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with Server().serving() as running:
        yield running


@pytest.fixture
def provider(server: Server, settings: Settings) -> Iterator[Provider]:
    """Yield a provider to which every call goes. A call to a strange address fails the test."""
    settings.OUTBOUND_ALLOW_LOOPBACK = True
    playing = Provider()
    server.take = playing.take
    with use_transport(to_loopback(server.port)):
        yield playing
    assert playing.strays == []
