"""``python -m tests.bench.load``: keeps connections busy with GET requests, cheaply.

A process of its own, so that its work is not the measured one's. It takes a `Job` as JSON on its
standard input and answers with a `Load` on its standard output. Tokens are looked at afterwards:
the provider of the benchmark writes into an access token when it ends.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import cycle, islice
from typing import Final

LENGTH: Final = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
TOKEN: Final = re.compile(rb'"access_token": ?"(at\.([0-9]+)\.[^"]*)"')


@dataclass(frozen=True, kw_only=True)
class Job:
    """What to ask for.

    Attributes:
        ports: of servers on loopback; the connections are dealt out to them in turn.
        connections: how many are open, each with one request at a time.
        paths: what to ask for.
        headers: sent with each.
        seconds: go through the paths again and again for so long; 0: once.
        each: every connection goes through all the paths, instead of all connections sharing them.
        pause: seconds between an answer and the connection's next request.
    """

    ports: list[int]
    connections: int
    paths: list[str]
    headers: dict[str, str]
    seconds: float = 0.0
    each: bool = False
    pause: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Load:
    """What came back.

    Attributes:
        latencies: milliseconds: median, 95th and 99th percentile, longest.
        cpu: seconds of processor time that the generator used: it must not be the bottleneck.
        stale: answers with a token that had ended when it arrived.
        tokenless: answers with status 200 without a token.
        tokens: how many different tokens came.
    """

    answers: int
    seconds: float
    statuses: dict[str, int]
    latencies: list[float]
    cpu: float
    stale: int
    tokenless: int
    tokens: int

    @property
    def rate(self) -> float:
        """Answers per second."""
        return self.answers / self.seconds


@dataclass(frozen=True)
class Answer:
    """One answer as it came."""

    sent_at: float
    arrived_at: float
    status: bytes
    body: bytes


class Reader(asyncio.Protocol):
    """One connection that asks for path after path."""

    def __init__(
        self, paths: Iterator[bytes], head: bytes, answers: list[Answer], pause: float
    ) -> None:
        self._paths = paths
        self._head = head
        self._answers = answers
        self._pause = pause
        self._buffer = b""
        self._sent_at = 0.0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def ask(self) -> None:
        """Send the next request, or end."""
        path = next(self._paths, None)
        if path is None:
            self.done.set_result(None)
            self._transport.close()
            return
        self._sent_at = time.time()
        self._transport.write(b"GET " + path + self._head)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, blank, body = self._buffer.partition(b"\r\n\r\n")
        if not blank:
            return
        found = LENGTH.search(head)
        if len(body) < (int(found[1]) if found else 0):
            return
        self._buffer = b""
        self._answers.append(Answer(self._sent_at, time.time(), head[9:12], body))
        if self._pause:
            asyncio.get_running_loop().call_later(self._pause, self.ask)
        else:
            self.ask()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(error or ConnectionError("the server closed a connection"))


async def run(job: Job) -> Load:
    """Do ``job``."""
    headers = "".join(f"{name}: {value}\r\n" for name, value in job.headers.items())
    head = f" HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}\r\n".encode()
    answers: list[Answer] = []
    shared = _paths(job)
    loop = asyncio.get_running_loop()
    readers = []
    for port in islice(cycle(job.ports), job.connections):
        paths = _paths(job) if job.each else shared
        made = await loop.create_connection(
            lambda paths=paths: Reader(paths, head, answers, job.pause),  # type: ignore[misc]
            "127.0.0.1",
            port,
        )
        readers.append(made[1])
    started, cpu = time.time(), time.process_time()
    for reader in readers:
        reader.ask()
    await asyncio.gather(*(reader.done for reader in readers))
    return summarize(answers, seconds=time.time() - started, cpu=time.process_time() - cpu)


def _paths(job: Job) -> Iterator[bytes]:
    encoded = [path.encode() for path in job.paths]
    if not job.seconds:
        yield from encoded
        return
    end = time.time() + job.seconds
    for path in cycle(encoded):
        if time.time() >= end:
            return
        yield path


def summarize(answers: list[Answer], *, seconds: float, cpu: float) -> Load:
    """Return what ``answers`` amount to."""
    waits = sorted(1000 * (answer.arrived_at - answer.sent_at) for answer in answers)
    tokens, stale, tokenless = set(), 0, 0
    for answer in answers:
        found = TOKEN.search(answer.body)
        if found is None:
            tokenless += answer.status == b"200"
            continue
        tokens.add(found[1])
        stale += int(found[2]) < 1000 * answer.arrived_at
    return Load(
        answers=len(answers),
        seconds=seconds,
        statuses=dict(Counter(answer.status.decode() for answer in answers)),
        latencies=[
            round(waits[int(share * (len(waits) - 1))], 3) for share in (0.5, 0.95, 0.99, 1)
        ],
        cpu=cpu,
        stale=stale,
        tokenless=tokenless,
        tokens=len(tokens),
    )


if __name__ == "__main__":
    json.dump(asdict(asyncio.run(run(Job(**json.load(sys.stdin))))), sys.stdout)
