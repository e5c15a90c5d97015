"""One connection: requests are written to it and answers read from it, byte by byte."""

import contextlib
import http.client
import re
import select
import ssl
from collections.abc import Iterator, Mapping
from typing import Final

from integrations.outbound.errors import ResponseInterrupted, ResponseTooLarge
from integrations.outbound.heads import Head, parse_head
from integrations.outbound.metering import HEAD_ALLOWANCE, Meter, MeteredSocket
from integrations.outbound.targets import Target

PIECE: Final = 64 * 1024

_END_OF_HEAD: Final = re.compile(rb"\n\r?\n")
_CHUNK_SIZE: Final = re.compile(rb"[0-9A-Fa-f]{1,15}")
# Without a body these do not say that its length is 0 (RFC 9110, 8.6).
_BODILESS: Final = frozenset({"GET", "HEAD", "DELETE", "OPTIONS"})


class Connection:
    """A connected socket to one address of a target, used by one call at a time.

    Args:
        verified_at: by `integrations.clock`: its certificate was checked, or for http it was made.
    """

    def __init__(
        self, sock: MeteredSocket, *, target: Target, address: str, verified_at: float
    ) -> None:
        self._sock = sock
        self._target = target
        self._buffer = bytearray()
        self._closed = False
        self._ended = False  # the peer will send no more
        self.address = address
        self.verified_at = verified_at

    @property
    def origin(self) -> str:
        return self._target.origin

    @property
    def context(self) -> ssl.SSLContext | None:
        """The TLS settings it was made with; None for http."""
        return self._sock.context if isinstance(self._sock, ssl.SSLSocket) else None

    @property
    def sock(self) -> MeteredSocket:
        return self._sock

    def meter_by(self, meter: Meter) -> None:
        """Have all reads and writes from now on obey ``meter``."""
        self._sock.meter = meter

    def close(self) -> None:
        self._closed = True
        self._sock.close()

    def is_quiet(self) -> bool:
        """Whether nothing has come that no answer explains, nor the peer's end of the connection.

        It does not wait, and reads nothing.
        """
        if self._closed or self._ended or self._buffer:
            return False
        if isinstance(self._sock, ssl.SSLSocket) and self._sock.pending():
            return False
        arrivals = select.poll()
        arrivals.register(self._sock, select.POLLIN)  # errors and hang-ups are told unasked
        return not arrivals.poll(0)

    def request(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> None:
        """Write a request.

        Raises:
            NotConnected: it was closed; it never opens itself again.
            OutOfTime: the deadline has passed.
            OSError: the peer does not take it.
        """
        if self._closed:
            raise http.client.NotConnected
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self._target.authority}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        if body is not None:
            lines.append(f"Content-Length: {len(body)}")
        elif method not in _BODILESS:
            lines.append("Content-Length: 0")
        lines.append("\r\n")
        # In one piece: a second packet would wait for the peer to have taken the first.
        self._sock.sendall("\r\n".join(lines).encode("latin-1") + (body or b""))

    def read_head(self, *, method: str) -> Head:
        """Read status and headers of the answer to the ``method`` request that was written.

        Raises:
            ResponseInterrupted: it was cut or is not HTTP.
            ResponseTooLarge: there is no end to it.
            OutOfTime, OutOfBytes: the meter stopped it.
            OSError: it was cut.
        """
        head = parse_head(self._read_raw_head(), method=method)
        while head.is_interim:
            head = parse_head(self._read_raw_head(), method=method)
        return head

    def _read_raw_head(self) -> bytearray:
        buffer = self._buffer
        looked_at = 0
        while (end := _END_OF_HEAD.search(buffer, looked_at)) is None:
            if len(buffer) > HEAD_ALLOWANCE:
                raise ResponseTooLarge("its head")
            looked_at = max(len(buffer) - 2, 0)
            if not self._fill():
                raise ResponseInterrupted
        raw = buffer[: end.start()]
        del buffer[: end.end()]
        return raw

    def read_body(self, head: Head) -> Iterator[bytes]:
        """Read what comes after ``head``, piece by piece as it arrives, without its framing.

        Raises:
            ResponseInterrupted: it was cut or its framing is broken.
            ResponseTooLarge: a chunk of it has no size that could be.
            OutOfTime, OutOfBytes: the meter stopped it.
            OSError: it was cut.
        """
        if head.chunked:
            return self._read_chunks()
        if head.length is None:
            return self._read_to_the_end()
        return self._read_exactly(head.length)

    def _read_exactly(self, count: int) -> Iterator[bytes]:
        while count:
            if not self._buffer and not self._fill():
                raise ResponseInterrupted
            piece = bytes(self._buffer[:count])
            del self._buffer[:count]
            count -= len(piece)
            yield piece

    def _read_to_the_end(self) -> Iterator[bytes]:
        while self._buffer or self._fill():
            piece = bytes(self._buffer)
            self._buffer.clear()
            yield piece

    def _read_chunks(self) -> Iterator[bytes]:
        while size := _chunk_size(self._read_line()):
            yield from self._read_exactly(size)
            if self._read_line() not in {b"", b"\r"}:
                raise ResponseInterrupted
        # Trailers. Some peers leave out the empty line at the end, and the body is complete.
        with contextlib.suppress(ResponseInterrupted):
            while self._read_line().rstrip(b"\r"):
                pass

    def _read_line(self) -> bytes:
        """Return a line without its line feed."""
        looked_at = 0
        while (end := self._buffer.find(b"\n", looked_at)) < 0:
            looked_at = len(self._buffer)
            if not self._fill():
                raise ResponseInterrupted
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        return line

    def _fill(self) -> bool:
        """Read once; return whether there is more in the buffer now."""
        data = self._sock.recv(PIECE)
        self._buffer += data
        self._ended = not data
        return not self._ended


def _chunk_size(line: bytes) -> int:
    text = line.partition(b";")[0].strip()
    if text[:1] == b"-" or len(text) > 15:
        # A negative one is no size, and parsers that take it for one read without end.
        raise ResponseTooLarge("as declared")
    if not _CHUNK_SIZE.fullmatch(text):
        raise ResponseInterrupted
    return int(text, 16)
