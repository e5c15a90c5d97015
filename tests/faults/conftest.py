"""Workers that are ended after each test, and a provider that rotates."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.faults.processes import StartWorker, Worker
from tests.faults.rotating import RotatingProvider


@pytest.fixture
def start_worker() -> Iterator[StartWorker]:
    started: list[Worker] = []

    def start(*options: str, **settings: object) -> Worker:
        started.append(Worker(*(options or ["--watch"]), **settings))  # type: ignore[arg-type]
        return started[-1]

    yield start
    for worker in started:
        worker.kill()


@pytest.fixture
def work_off(start_worker: StartWorker) -> Callable[[], None]:
    """Have a worker do what is due now, and end."""

    def work() -> None:
        assert start_worker("--no-color").exit_code() == 0

    return work


@pytest.fixture
def provider() -> Iterator[RotatingProvider]:
    """The provider of every account here: strict, unless a test says otherwise."""
    rotating = RotatingProvider()
    with rotating.serving():
        yield rotating
