"""An HTTP server on loopback that misbehaves on purpose, byte by byte, on real sockets.

Each path is a script (`SCRIPTS`); each connection a thread. What arrived is kept in `requests`.
"""

import gzip
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

PAUSE = 0.02  # seconds between two bytes of a slow script
ENDLESS = 64 * 1024 * 1024  # bytes after which an "endless" script gives up

Script = Callable[["HostileServer", socket.socket], None]


class HostileServer:
    """Runs the scripts until it is closed.

    Args:
        tls: speak TLS by this context.
        family: AF_INET on 127.0.0.1 or AF_INET6 on ::1.
        on_accept: run this instead of reading a request.
        accepting: False leaves connections in the kernel's backlog.
    """

    def __init__(
        self,
        *,
        tls: ssl.SSLContext | None = None,
        family: socket.AddressFamily = socket.AF_INET,
        on_accept: Script | None = None,
        accepting: bool = True,
    ) -> None:
        self.requests: list[bytes] = []
        self.bytes_sent = 0
        self.closing = threading.Event()
        self._tls = tls
        self._on_accept = on_accept
        self._host = "127.0.0.1" if family == socket.AF_INET else "::1"
        self._listener = socket.create_server((self._host, 0), family=family)
        self.port: int = self._listener.getsockname()[1]
        self._threads: list[threading.Thread] = []
        self._sockets: list[socket.socket] = []
        if accepting:
            self._start(self._accept)

    @property
    def origin(self) -> str:
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"{'https' if self._tls else 'http'}://{host}:{self.port}"

    def url(self, path: str) -> str:
        return f"{self.origin}{path}"

    def close(self) -> None:
        self.closing.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes accept()
        self._listener.close()
        for sock in list(self._sockets):
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in list(self._threads):
            thread.join(timeout=5)

    def send(self, sock: socket.socket, data: bytes) -> None:
        sock.sendall(data)
        self.bytes_sent += len(data)

    def drip(self, sock: socket.socket, data: bytes) -> None:
        """Send a byte at a time."""
        for number in range(len(data)):
            if self.closing.wait(PAUSE):
                return
            self.send(sock, data[number : number + 1])

    def _start(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self.closing.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self._sockets.append(sock)
            self._start(self._converse, sock)

    def _converse(self, raw: socket.socket) -> None:
        # A client that hangs up on a script is what most tests are about.
        with suppress(OSError), raw:
            sock = self._tls.wrap_socket(raw, server_side=True) if self._tls else raw
            with sock:
                if self._on_accept is not None:
                    self._on_accept(self, sock)
                    return
                request = _read_request(sock)
                self.requests.append(request)
                path = request.split(b" ", 2)[1].split(b"?")[0].decode()
                SCRIPTS[path](self, sock)


@contextmanager
def hostile_server(**kwargs: object) -> Iterator[HostileServer]:
    server = HostileServer(**kwargs)  # type: ignore[arg-type]
    try:
        yield server
    finally:
        server.close()


def _read_request(sock: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        data += _receive(sock)
    head, _, body = data.partition(b"\r\n\r\n")
    lengths = [line[15:] for line in head.lower().split(b"\r\n") if line[:15] == b"content-length:"]
    missing = int(lengths[0]) - len(body) if lengths else 0
    while missing > 0:
        more = _receive(sock)
        data, missing = data + more, missing - len(more)
    return data


def _receive(sock: socket.socket) -> bytes:
    data = sock.recv(65536)
    if not data:
        raise ConnectionResetError
    return data


def answer(body: bytes = b"", *, status: str = "200 OK", headers: str = "") -> bytes:
    """A complete and correct answer; ``headers`` are lines that end with CRLF."""
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
    return head.encode("latin-1") + body


def bomb(size: int) -> bytes:
    return gzip.compress(b"\0" * size, compresslevel=9)


def _saying(data: bytes) -> Script:
    return lambda server, sock: server.send(sock, data)


def _dripping(data: bytes, *, after: bytes = b"") -> Script:
    def script(server: HostileServer, sock: socket.socket) -> None:
        server.send(sock, after)
        server.drip(sock, data)

    return script


def _endlessly(head: bytes, piece: bytes) -> Script:
    def script(server: HostileServer, sock: socket.socket) -> None:
        server.send(sock, head)
        while server.bytes_sent < ENDLESS:
            server.send(sock, piece)

    return script


def _declaring(length: int) -> Script:
    """Promise a body of ``length`` bytes, and then wait."""

    def script(server: HostileServer, sock: socket.socket) -> None:
        server.send(sock, OK_HEAD + f"Content-Length: {length}\r\n\r\n".encode())
        server.closing.wait(30)

    return script


def _reset(_server: HostileServer, sock: socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _hang(server: HostileServer, _sock: socket.socket) -> None:
    server.closing.wait(30)


OK_HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK_HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
GZIP = "Content-Encoding: gzip\r\n"
JSON = b'{"access_token": "canary-token"}'

SCRIPTS: dict[str, Script] = {
    "/json": _saying(answer(JSON, headers="Content-Type: application/json\r\n")),
    "/html": _saying(answer(b"<html>canary-token</html>", headers="Content-Type: text/html\r\n")),
    "/nested": _saying(answer(b"[" * 100_000)),
    "/cookie": _saying(answer(b"ok", headers="Set-Cookie: session=1; Path=/\r\n")),
    "/redirect": _saying(answer(status="302 Found", headers="Location: /json\r\n")),
    "/digest": _saying(
        answer(
            status="401 No", headers='WWW-Authenticate: Digest realm="r", nonce="n", qop="auth"\r\n'
        )
    ),
    "/204": _saying(b"HTTP/1.1 204 No Content\r\n\r\n"),
    "/until-close": _saying(OK_HEAD + b"\r\nall of it"),
    "/chunked": _saying(CHUNKED + b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"),
    # gzip
    "/gzip": _saying(answer(gzip.compress(JSON), headers=GZIP)),
    "/gzip-two-members": _saying(
        answer(gzip.compress(b"one ") + gzip.compress(b"two"), headers=GZIP)
    ),
    "/gzip-zeros": _saying(answer(bomb(1000), headers=GZIP)),
    "/gzip-bomb": _saying(answer(bomb(50_000_000), headers=GZIP)),
    "/gzip-broken": _saying(answer(b"\x1f\x8b\x08\0 not gzip at all", headers=GZIP)),
    "/gzip-cut": _saying(answer(gzip.compress(JSON)[:-10], headers=GZIP)),
    "/gzip-padded": _saying(answer(gzip.compress(JSON) + b"\0" * 20, headers=GZIP)),
    "/brotli": _saying(answer(b"\x0b\x02\x80", headers="Content-Encoding: br\r\n")),
    "/odd-coding": _saying(answer(JSON, headers="Content-Encoding: utf-8\r\n")),
    # too much
    "/endless-body": _endlessly(OK_HEAD + b"\r\n", b"x" * 65536),
    "/endless-chunks": _endlessly(CHUNKED, b"1000\r\n" + b"x" * 4096 + b"\r\n"),
    "/endless-negative-chunk": _endlessly(CHUNKED + b"-1\r\n", b"x" * 65536),
    "/endless-headers": _endlessly(OK_HEAD, b"X-Pad: " + b"x" * 60_000 + b"\r\n"),
    "/endless-header-line": _endlessly(OK_HEAD + b"X-Pad: ", b"x" * 65536),
    "/endless-100-continue": _endlessly(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "/endless-trailer": _endlessly(CHUNKED + b"0\r\n", b"X-Pad: x\r\n"),
    "/gigabyte-declared": _declaring(1_000_000_000),
    # slow
    "/hang": _hang,
    "/drip-head": _dripping(OK_HEAD + b"X-Slow: " + b"x" * 500 + b"\r\n\r\n"),
    "/drip-headers": _dripping(b"A: b\r\n" * 80 + b"\r\n", after=OK_HEAD),
    "/drip-body": _dripping(b"x" * 500, after=OK_HEAD + b"Content-Length: 500\r\n\r\n"),
    "/drip-chunks": _dripping(b"1\r\nx\r\n" * 100 + b"0\r\n\r\n", after=CHUNKED),
    # cut or garbled
    "/cut-before-answer": _saying(b""),
    "/reset-before-answer": _reset,
    "/cut-in-status": _saying(b"HTTP/1."),
    "/cut-in-headers": _saying(OK_HEAD + b"Content-Type: te"),
    "/cut-in-body": _saying(OK_HEAD + b"Content-Length: 1000\r\n\r\n" + JSON),
    "/cut-in-chunk": _saying(CHUNKED + b"64\r\nhello"),
    "/cut-between-chunks": _saying(CHUNKED + b"5\r\nhello\r\n"),
    "/bad-chunk": _saying(CHUNKED + b"zz\r\nhello\r\n0\r\n\r\n"),
    "/bad-length": _saying(OK_HEAD + b"Content-Length: 5, 6\r\n\r\nhello!"),
    "/not-http": _saying(b"220 mail.example ESMTP\r\n"),
    "/early-hints": _saying(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"),
    "/odd-header": _saying(
        OK_HEAD + b"Content-Length: 2\r\nX-Folded: a\r\n b\r\nno colon canary-header\r\n\r\nok"
    ),
}
