"""Which connections are used a second time, and by whom."""

import os
import socket
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from pytest_django.fixtures import Settings

from integrations import clock, outbound
from integrations.outbound import Limits, Response, Role, keeping
from integrations.outbound.keeping import KEEP, Keep
from integrations.outbound.resuming import VERIFIED_SECONDS
from tests.hostile_server import OK_HEAD, HostileServer, _read_request, answer, hostile_server
from tests.keeping_server import PLAIN, Keeping

PATIENCE = 60.0


_start_closer = Keep._start_closer


@pytest.fixture(autouse=True)
def _patience(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let no connection end because the machine is busy."""
    settings.OUTBOUND_ALLOW_LOOPBACK = True
    monkeypatch.setattr(keeping, "IDLE_SECONDS", PATIENCE)
    monkeypatch.setattr(Keep, "_start_closer", lambda _keep: None)
    KEEP.begin_anew()
    yield
    KEEP.begin_anew()


@pytest.fixture
def script() -> Keeping:
    return Keeping()


@pytest.fixture
def server(script: Keeping) -> Iterator[HostileServer]:
    with hostile_server(on_accept=script) as running:
        yield running


def call(server: HostileServer, *, repeatable: bool = True, **kwargs: object) -> Response:
    return outbound.send(
        role=Role.TOKEN,
        method="POST",
        url=server.url("/token"),
        content=b"a=b",
        repeatable=repeatable,
        **kwargs,  # type: ignore[arg-type]
    )


def used(script: Keeping) -> int:
    """How many connections requests came by."""
    return len(set(script.connections))


def until(true: Callable[[], bool]) -> None:
    for _ in range(500):
        if true():
            return
        time.sleep(0.01)
    raise AssertionError("it did not become true")


# --- Used again ----------------------------------------------------------------------------------


def test_a_repeatable_call_goes_over_the_connection_of_the_one_before(
    server: HostileServer, script: Keeping
) -> None:
    assert [call(server).body for _ in range(3)] == [b"ok"] * 3
    assert (len(script.connections), used(script)) == (3, 1)
    assert b"connection:" not in server.requests[0].lower()


@pytest.mark.parametrize(
    "first",
    [
        PLAIN,
        answer(b"ok", headers="Keep-Alive: timeout=5, max=100\r\nConnection: keep-alive\r\n"),
        answer(b"no", status="400 Bad Request"),
        OK_HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Trailer: 1\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\n\r\n",
    ],
)
def test_an_answer_with_a_certain_end_leaves_the_connection_open(first: bytes) -> None:
    script = Keeping(first, PLAIN)
    with hostile_server(on_accept=script) as server:
        call(server)
        assert call(server).body == b"ok"
    assert used(script) == 1


def test_calls_side_by_side_each_get_their_own_answer() -> None:
    script = Keeping(answer(b"%%%%"))
    wrong: list[bytes] = []

    def work(server: HostileServer, name: bytes) -> None:
        for _ in range(25):
            body = outbound.send(
                role=Role.TOKEN, method="POST", url=server.url("/"), content=name, repeatable=True
            ).body
            if body != name * 4:
                wrong.append(body)

    with hostile_server(on_accept=script) as server:
        threads = [threading.Thread(target=work, args=(server, b"%c" % n)) for n in b"abcdefghijkl"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert (wrong, len(script.connections)) == ([], 300)
    assert used(script) <= 12


# --- Not used again ------------------------------------------------------------------------------


def test_a_call_that_is_not_repeated_has_a_connection_of_its_own(
    server: HostileServer, script: Keeping
) -> None:
    call(server)
    call(server, repeatable=False)
    assert used(script) == 2
    assert b"\r\nConnection: close\r\n" in server.requests[1]


def test_a_call_that_is_not_repeated_leaves_no_connection_open(server: HostileServer) -> None:
    call(server, repeatable=False)
    assert len(KEEP) == 0


@pytest.mark.parametrize(
    "first",
    [
        answer(b"ok", headers="Connection: close\r\n"),
        answer(b"ok", headers="Connection: Upgrade, CLOSE\r\n"),
        answer(b"ok", headers="Keep-Alive: timeout=1\r\n"),
        answer(b"ok").replace(b"HTTP/1.1", b"HTTP/1.0"),
        answer(b"ok", headers="no colon\r\n"),
        answer(b"ok", headers="X-Folded: a\r\n b\r\n"),
        answer(b"ok", headers="X-Bare: a\rb\r\n"),
        answer(b"ok", headers="X Y: a\r\n"),
        answer(b"ok", headers="X-Space : a\r\n"),
        answer(b"ok", headers="Transfer-Encoding: identity\r\n"),
        OK_HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        OK_HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n",
        PLAIN + b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged",
    ],
)
def test_an_answer_with_an_uncertain_end_is_the_last_of_its_connection(first: bytes) -> None:
    script = Keeping(first, PLAIN)
    with hostile_server(on_accept=script) as server:
        call(server)
        assert len(KEEP) == 0
        assert call(server).body == b"ok"
    assert used(script) == 2


def test_an_answer_that_was_refused_is_the_last_of_its_connection(
    server: HostileServer, script: Keeping
) -> None:
    with pytest.raises(outbound.ResponseTooLarge):
        call(server, limits=Limits(deadline=5, max_response_bytes=1))
    assert len(KEEP) == 0
    assert call(server).body == b"ok"
    assert used(script) == 2


def test_a_connection_that_the_peer_has_closed_is_not_used(
    server: HostileServer, script: Keeping
) -> None:
    call(server)
    script.hang_up()
    assert call(server).body == b"ok"
    assert (len(script.connections), used(script)) == (2, 2)


def test_an_answer_that_nobody_asked_for_is_nobodys(server: HostileServer, script: Keeping) -> None:
    call(server)
    script.say(answer(b'{"access_token": "somebody else\'s"}'))
    assert call(server).body == b"ok"
    assert used(script) == 2


def test_a_connection_to_an_address_that_the_name_has_left_is_not_used(
    server: HostileServer,
) -> None:
    url = f"http://provider.test:{server.port}/"

    def ask() -> Response:
        return outbound.send(role=Role.IDENTITY, method="GET", url=url, repeatable=True)

    with outbound.use_resolver(lambda _host: ["127.0.0.1"]):
        assert ask().body == b"ok"
    with outbound.use_resolver(lambda _host: ["::1"]), pytest.raises(outbound.ConnectFailed):
        ask()


def test_a_connection_is_for_its_own_port_only(server: HostileServer, script: Keeping) -> None:
    call(server)
    other = Keeping()
    with hostile_server(on_accept=other) as another:
        call(another)
    assert (len(script.connections), len(other.connections)) == (1, 1)


def kept_by(server: HostileServer) -> keeping._Kept:
    [[kept]] = KEEP._by_origin.values()
    assert kept.connection.origin == server.origin
    return kept


def take(server: HostileServer, *, now: float) -> object:
    return KEEP.take(server.origin, ["127.0.0.1"], context=None, now=now)


def test_a_connection_that_was_idle_for_too_long_is_not_used(server: HostileServer) -> None:
    call(server)
    kept = kept_by(server)
    assert take(server, now=kept.since + PATIENCE + 1) is None
    assert not kept.connection.is_quiet()  # it was closed


def test_a_connection_whose_certificate_is_to_be_checked_again_is_not_used(
    server: HostileServer,
) -> None:
    call(server)
    kept = kept_by(server)
    kept.connection.verified_at -= VERIFIED_SECONDS + 1
    assert take(server, now=kept.since) is None
    assert not kept.connection.is_quiet()


# --- What goes wrong on one ----------------------------------------------------------------------


def test_a_connection_that_ends_before_the_answer_is_an_unknown_outcome() -> None:
    script = Keeping(PLAIN, None)
    with hostile_server(on_accept=script) as server:
        call(server)
        with pytest.raises(outbound.ResponseInterrupted) as caught:
            call(server)
        assert caught.value.outcome_unknown
        assert len(server.requests) == 2  # and it was not sent again
    assert used(script) == 1


def test_a_kept_connection_obeys_the_limits_of_the_call_that_uses_it() -> None:
    script = Keeping(PLAIN, b"")
    with hostile_server(on_accept=script) as server:
        call(server, limits=Limits(deadline=60, max_response_bytes=100))
        started = time.monotonic()
        with pytest.raises(outbound.DeadlineExceeded) as caught:
            call(server, limits=Limits(deadline=0.2, max_response_bytes=100))
    assert 0.2 <= time.monotonic() - started < 5
    assert caught.value.outcome_unknown


def _answer_once(server: HostileServer, sock: socket.socket) -> None:
    _read_request(sock)
    server.send(sock, PLAIN)
    server.closing.wait(30)


def test_a_kept_connection_is_written_to_within_the_deadline_of_its_call() -> None:
    with hostile_server(on_accept=_answer_once) as server:
        call(server, limits=Limits(deadline=60, max_response_bytes=100))
        started = time.monotonic()
        with pytest.raises(outbound.DeadlineExceeded):
            outbound.send(
                role=Role.TOKEN,
                method="POST",
                url=server.url("/token"),
                content=b"x" * 50_000_000,  # nobody reads it
                repeatable=True,
                limits=Limits(deadline=0.3, max_response_bytes=100),
            )
    assert time.monotonic() - started < 5


def test_a_call_whose_time_is_over_is_not_sent_on_a_kept_connection(server: HostileServer) -> None:
    call(server)
    over = Limits(deadline=5, max_response_bytes=100, ends_at=clock.seconds() - 1)
    with pytest.raises(outbound.DeadlineExceeded) as caught:
        call(server, limits=over)
    assert (caught.value.outcome_unknown, len(server.requests)) == (False, 1)


# --- How they end --------------------------------------------------------------------------------


def _closers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "outbound-idle"]


def test_nothing_stays_open_when_nobody_calls(
    server: HostileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[Keep] = []

    def start(keep: Keep) -> None:
        started.append(keep)
        _start_closer(keep)

    monkeypatch.setattr(keeping, "IDLE_SECONDS", 0.05)
    monkeypatch.setattr(Keep, "_start_closer", start)
    for _ in range(2):  # the thread ends, and begins again
        call(server)
        until(lambda: len(KEEP) == 0 and not _closers())
    assert started == [KEEP, KEEP]


def test_those_that_were_idle_for_too_long_are_closed(server: HostileServer) -> None:
    call(server)
    kept = kept_by(server)
    assert KEEP.close_idle(now=kept.since + PATIENCE - 10) == pytest.approx(10)
    assert kept.connection.is_quiet()
    assert KEEP.close_idle(now=kept.since + PATIENCE + 1) is None
    assert len(KEEP) == 0
    assert not kept.connection.is_quiet()


def test_no_more_are_kept_than_the_limit(
    server: HostileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "MAX_KEPT", 2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(KEEP, "take", lambda *_, **__: None)  # as if all were in use
        for _ in range(4):
            call(server)
    assert len(KEEP) == 2


def test_without_a_thread_to_close_them_none_is_kept(
    server: HostileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Refused(threading.Thread):
        def start(self) -> None:
            raise RuntimeError("can't start new thread")

    monkeypatch.setattr(keeping, "Thread", Refused)
    monkeypatch.setattr(Keep, "_start_closer", _start_closer)
    assert call(server).body == b"ok"
    assert len(KEEP) == 0


def test_a_forked_process_leaves_the_connections_of_its_parent_alone(
    server: HostileServer, script: Keeping
) -> None:
    call(server)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # 3.12: fork with threads
        child = os.fork()
    if child == 0:
        with suppress(BaseException):
            empty = len(KEEP) == 0
            os._exit(0 if empty and call(server).body == b"ok" and len(KEEP) == 1 else 1)
        os._exit(2)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    call(server)
    assert script.connections[0] == script.connections[2]
    assert script.connections[0] != script.connections[1]
