"""A system that gives no more threads: what was claimed is done, and the watch goes on."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from connections.refresh.crew import Crew, Lane

JOBS = [f"job {number}" for number in range(5)]


def give_only(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    """Have the system give so many threads from now on."""
    start = threading.Thread.start
    given: list[threading.Thread] = []

    def start_few(thread: threading.Thread) -> None:
        if len(given) >= most:
            message = "can't start new thread"
            raise RuntimeError(message)
        given.append(thread)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", start_few)


def lane_of(
    batches: list[list[str]], stored: list[str], call: Callable[[Any], Any] = lambda job: job
) -> Lane:
    def store(pairs: list[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
        stored.extend(job for job, _ in pairs)
        return []

    return Lane(
        name="few",
        slots=50,
        pause=0,
        batch=1,
        claim=lambda _free, _now: batches.pop(0),
        call=call,
        store=store,
    )


@pytest.mark.parametrize("most", [0, 1, 3])
def test_all_that_was_claimed_is_answered_once(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    give_only(monkeypatch, most)
    stored: list[str] = []
    with Crew([lane_of([JOBS], stored)]) as crew:
        assert crew.take_up(now=timezone.now()) == len(JOBS)
    assert sorted(stored) == JOBS


def test_what_no_thread_was_there_for_is_not_done_again_by_a_later_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stored: list[str] = []
    with Crew([lane_of([JOBS[:2], JOBS[2:]], stored)]) as crew:
        with monkeypatch.context() as few:
            give_only(few, 0)
            crew.take_up(now=timezone.now())
            crew.settle(timeout=0)
        crew.take_up(now=timezone.now())
    assert sorted(stored) == JOBS


def test_no_more_is_claimed_than_there_are_threads_for(monkeypatch: pytest.MonkeyPatch) -> None:
    give_only(monkeypatch, 2)
    stored: list[str] = []
    released = threading.Event()
    with Crew([lane_of([JOBS, ["too much"]], stored, lambda _: released.wait(30))]) as crew:
        crew.take_up(now=timezone.now())
        assert crew.take_up(now=timezone.now()) == 0
        released.set()
    assert sorted(stored) == JOBS
