"""A few threads work at a time, in the order in which they came."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from integrations.turns import Turns

LONG = 30.0


def occupied(turns: Turns, pool: ThreadPoolExecutor) -> Callable[[], None]:
    """Have another thread take a turn; return what makes it end."""
    begun, over = threading.Event(), threading.Event()

    def work() -> None:
        with turns.taken():
            begun.set()
            over.wait(LONG)

    pool.submit(work)
    begun.wait(LONG)
    return over.set


def is_waited_for(turns: Turns, count: int) -> None:
    while len(turns._waiting) < count:
        pass


def test_no_more_than_so_many_work_at_a_time() -> None:
    turns = Turns(count=2, patience=LONG)
    at_work: list[int] = []
    most: list[int] = []

    def work(number: int) -> None:
        with turns.taken():
            at_work.append(number)
            most.append(len(at_work))
            at_work.remove(number)

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(work, range(400)))
    assert len(most) == 400
    assert max(most) <= 2
    assert turns._free == 2


def test_who_waits_longest_is_next() -> None:
    turns = Turns(count=1, patience=LONG)
    order: list[str] = []

    def work(name: str) -> None:
        with turns.taken():
            order.append(name)

    with ThreadPoolExecutor(3) as pool:
        end = occupied(turns, pool)
        pool.submit(work, "first")
        is_waited_for(turns, 1)
        pool.submit(work, "second")
        is_waited_for(turns, 2)
        end()
    assert order == ["first", "second"]


def test_who_steps_aside_lets_another_work_and_goes_on_when_it_is_her_turn() -> None:
    turns = Turns(count=1, patience=LONG)
    with ThreadPoolExecutor(1) as pool, turns.taken():
        with turns.aside():
            end = occupied(turns, pool)
            end()
        assert turns._free == 0
    assert turns._free == 1


def test_whoever_waited_long_enough_goes_on_without_a_turn() -> None:
    turns = Turns(count=1, patience=0.01)
    with ThreadPoolExecutor(1) as pool:
        end = occupied(turns, pool)
        with turns.taken(), turns.aside():
            assert turns._free == 0
        end()
    assert (turns._free, list(turns._waiting)) == (1, [])


def test_to_step_aside_without_a_turn_is_nothing() -> None:
    turns = Turns(count=1)
    with turns.aside():
        assert turns._free == 1
    assert turns._free == 1
