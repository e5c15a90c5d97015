"""Peers that are slow, endless, cut off or garbled: every call ends, in time and in few bytes."""

import os
import socket
import threading
import time
import tracemalloc
import warnings
from collections.abc import Iterator

import pytest
from pytest_django.fixtures import Settings

from integrations import clock, outbound
from integrations.outbound import Limits, Response, Role, lookups, resolving
from integrations.outbound.metering import Meter, MeteredSocket, OutOfTime
from tests.hostile_server import HostileServer, hostile_server

DEADLINE = 0.25
SLACK = 2  # for a busy machine; the scripts take 10 s and more
QUICK = Limits(deadline=DEADLINE, max_response_bytes=100_000)
PATIENT = Limits(deadline=10, max_response_bytes=100_000)


@pytest.fixture(autouse=True)
def _loopback(settings: Settings) -> None:
    settings.OUTBOUND_ALLOW_LOOPBACK = True


@pytest.fixture
def server() -> Iterator[HostileServer]:
    with hostile_server() as running:
        yield running


def call(url: str, limits: Limits = PATIENT) -> Response:
    return outbound.send(role=Role.TOKEN, method="POST", url=url, form={"a": "b"}, limits=limits)


def assert_ends_in_time(url: str, *, outcome_unknown: bool) -> outbound.DeadlineExceeded:
    started = time.monotonic()
    with pytest.raises(outbound.DeadlineExceeded) as caught:
        call(url, QUICK)
    assert DEADLINE <= time.monotonic() - started < DEADLINE + SLACK
    assert caught.value.outcome_unknown is outcome_unknown
    return caught.value


@pytest.mark.fault(36)
@pytest.mark.parametrize(
    "path", ["/hang", "/drip-head", "/drip-headers", "/drip-body", "/drip-chunks"]
)
def test_a_slow_answer_ends_at_the_total_deadline(server: HostileServer, path: str) -> None:
    assert_ends_in_time(server.url(path), outcome_unknown=True)


def test_a_deadline_in_the_body_still_tells_the_status(server: HostileServer) -> None:
    assert assert_ends_in_time(server.url("/drip-body"), outcome_unknown=True).status == 200


def test_a_server_that_never_accepts_is_left_at_the_deadline() -> None:
    with hostile_server(accepting=False) as server:
        # The kernel completes the connection and takes the request: nobody can say it was unread.
        assert_ends_in_time(server.url("/json"), outcome_unknown=True)


def test_a_peer_that_never_reads_is_left_at_the_deadline() -> None:
    with hostile_server(accepting=False) as server, pytest.raises(outbound.DeadlineExceeded):
        outbound.send(
            role=Role.WEBHOOK,
            method="POST",
            url=server.url("/"),
            content=b"x" * 50_000_000,
            limits=QUICK,
        )


@pytest.mark.parametrize("write", ["send", "sendall"])
def test_each_way_of_writing_obeys_the_meter(write: str) -> None:
    """`ssl` makes of one `sendall` as many `send` as it needs, each of which begins anew."""
    ours, theirs = socket.socketpair()
    with theirs, MeteredSocket(fileno=ours.detach()) as sock:
        sock.settimeout(SLACK * 3)
        sock.meter = Meter(seconds=DEADLINE, max_body_bytes=0)
        with pytest.raises(OutOfTime):
            _flood(sock, write)
        assert DEADLINE <= clock.seconds() - sock.meter.started < DEADLINE + SLACK


def _flood(sock: MeteredSocket, write: str) -> None:
    while True:
        getattr(sock, write)(b"x" * 1_000_000)


def test_a_connection_that_never_opens_was_not_sent() -> None:
    backlog = socket.create_server(("127.0.0.1", 0), backlog=0)
    port = backlog.getsockname()[1]
    fillers = [socket.socket() for _ in range(4)]
    for filler in fillers:  # Linux drops what the full backlog cannot hold
        filler.setblocking(False)
        filler.connect_ex(("127.0.0.1", port))
    time.sleep(0.05)
    try:
        assert_ends_in_time(f"http://127.0.0.1:{port}/", outcome_unknown=False)
    finally:
        for sock in (backlog, *fillers):
            sock.close()


def test_a_resolver_that_hangs_is_left_at_the_deadline() -> None:
    release = threading.Event()

    def hang(_host: str) -> list[str]:
        release.wait(10)
        return ["127.0.0.1"]

    with outbound.use_resolver(hang):
        assert_ends_in_time("https://provider.example/", outcome_unknown=False)
    release.set()


def test_a_forked_process_does_not_inherit_the_lookups_of_its_parent() -> None:
    """django-q2 and granian fork, possibly while every lookup slot is taken."""
    release = threading.Event()

    def answer(host: str) -> list[str]:
        if host.endswith(".hanging.test"):
            release.wait(30)
        return ["127.0.0.1"]

    with hostile_server() as server, outbound.use_resolver(answer):
        take_all_lookups()
        url = f"http://provider.test:{server.port}/json"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # 3.12: fork with threads
            child = os.fork()
        if child == 0:
            try:
                os._exit(0 if call(url).status == 200 else 1)
            finally:
                os._exit(2)
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 0
        assert_ends_in_time(url, outcome_unknown=False)  # the parent's slots are still taken
        release.set()


def take_all_lookups() -> None:
    meter = Meter(seconds=10, max_body_bytes=0)
    for number in range(lookups.MAX_LOOKUPS):
        resolving._lookups.find(f"{number}.hanging.test", meter=meter)


@pytest.mark.fault(36)
@pytest.mark.parametrize(
    "path",
    [
        "/endless-body",
        "/endless-chunks",
        "/endless-negative-chunk",
        "/endless-100-continue",
        "/endless-trailer",
        "/gigabyte-declared",
        "/gzip-bomb",
    ],
)
def test_an_answer_beyond_the_cap_is_too_large(server: HostileServer, path: str) -> None:
    with pytest.raises(outbound.ResponseTooLarge) as caught:
        call(server.url(path))
    assert caught.value.outcome_unknown
    assert server.bytes_sent < 16_000_000  # we hung up; the rest was in the kernel's buffers


@pytest.mark.parametrize("path", ["/endless-headers", "/endless-header-line"])
def test_endless_headers_are_not_collected(server: HostileServer, path: str) -> None:
    with pytest.raises((outbound.ResponseTooLarge, outbound.ResponseInterrupted)) as caught:
        call(server.url(path))
    assert caught.value.outcome_unknown
    assert server.bytes_sent < 16_000_000


@pytest.mark.fault(36)
@pytest.mark.parametrize("path", ["/gzip-bomb", "/endless-negative-chunk", "/endless-body"])
def test_memory_stays_in_proportion_to_the_cap(server: HostileServer, path: str) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(outbound.ResponseTooLarge):
            call(server.url(path))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 3_000_000


def test_a_body_of_exactly_the_cap_is_taken(server: HostileServer) -> None:
    for path, size in (("/chunked", 11), ("/gzip-zeros", 1000), ("/json", 32), ("/until-close", 9)):
        exact = Limits(deadline=5, max_response_bytes=size)
        assert len(call(server.url(path), exact).body) == size
        with pytest.raises(outbound.ResponseTooLarge):
            call(server.url(path), Limits(deadline=5, max_response_bytes=size - 1))


@pytest.mark.parametrize(
    "path",
    [
        "/cut-before-answer",
        "/reset-before-answer",
        "/cut-in-status",
        "/cut-in-headers",
        "/cut-in-body",
        "/cut-in-chunk",
        "/cut-between-chunks",
        "/bad-chunk",
        "/bad-length",
        "/gzip-broken",
        "/gzip-cut",
        "/not-http",
        "/early-hints",
    ],
)
def test_a_cut_or_garbled_answer_is_an_unknown_outcome(server: HostileServer, path: str) -> None:
    with pytest.raises(outbound.ResponseInterrupted) as caught:
        call(server.url(path))
    assert caught.value.outcome_unknown
    assert len(server.requests) == 1  # and it was not sent again


def test_a_refused_connection_was_not_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(outbound.ConnectFailed) as caught:
        call(f"http://127.0.0.1:{port}/")
    assert (caught.value.code, caught.value.outcome_unknown) == ("connect_failed", False)


def test_the_next_address_is_tried_when_the_first_refuses() -> None:
    with (
        hostile_server(family=socket.AF_INET) as server,
        outbound.use_resolver(lambda _host: ["::1", "127.0.0.1"]),
    ):
        assert call(f"http://provider.test:{server.port}/json").status == 200


@pytest.mark.parametrize(
    ("errno", "code"),
    [(socket.EAI_NONAME, "host_not_found"), (socket.EAI_AGAIN, "dns_failed")],
)
def test_a_name_without_an_answer_was_not_sent(errno: int, code: str) -> None:
    def fail(_host: str) -> list[str]:
        raise socket.gaierror(errno, "canary")

    with outbound.use_resolver(fail), pytest.raises(outbound.ConnectFailed) as caught:
        call("https://provider.example/")
    assert (caught.value.code, caught.value.outcome_unknown) == (code, False)


def test_no_thread_and_no_socket_is_left_behind(server: HostileServer) -> None:
    def open_files() -> int:
        return len(os.listdir("/proc/self/fd"))  # noqa: PTH208

    call(server.url("/json"))
    server_side = len(server.requests)
    threads, files = threading.active_count(), open_files()
    for path in ("/cut-in-body", "/gzip-bomb", "/json", "/bad-chunk", "/redirect"):
        try:
            call(server.url(path))
        except outbound.OutboundError:
            continue
    for _ in range(100):  # the server's threads end a moment after our side
        if threading.active_count() <= threads and open_files() <= files:
            break
        time.sleep(0.01)
    assert threading.active_count() <= threads
    assert open_files() <= files
    assert len(server.requests) == server_side + 5
