"""The body of an answer: decoded, and never more of it in memory than the call allows."""

import zlib

from integrations.outbound.connection import Connection
from integrations.outbound.errors import ResponseInterrupted, ResponseTooLarge
from integrations.outbound.heads import Head


def read_body(connection: Connection, head: Head, *, max_bytes: int) -> bytes:
    """Read to the end of the body.

    Raises:
        ResponseTooLarge: it is declared, received or decoded as more than ``max_bytes``.
        ResponseInterrupted: it was cut, its framing or its gzip is broken, its gzip ends early.
        OutOfTime, OutOfBytes: the meter stopped it.
        OSError: it was cut.
    """
    if (head.length or 0) > max_bytes:
        raise ResponseTooLarge("as declared")
    decoder = _decoder(head.headers.get("content-encoding", ""), max_bytes)
    for piece in connection.read_body(head):
        decoder.feed(piece)
    return decoder.finish()


class _Identity:
    """Collects a body up to ``max_bytes``."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._body = bytearray()

    def feed(self, piece: bytes) -> None:
        self._body += piece
        if len(self._body) > self._max_bytes:
            raise ResponseTooLarge

    def finish(self) -> bytes:
        return bytes(self._body)


class _Gzip(_Identity):
    """The same, inflating (RFC 1952: one member or several)."""

    def __init__(self, max_bytes: int) -> None:
        super().__init__(max_bytes)
        self._member: zlib._Decompress | None = None
        self._complete = False

    def feed(self, piece: bytes) -> None:
        while piece:
            if self._member is None:
                if self._complete and piece[:1] != b"\x1f":
                    return  # padding after the end, which gzip itself ignores too
                self._member = zlib.decompressobj(16 + zlib.MAX_WBITS)
            # One byte more than allowed is enough to know; a bomb is never inflated further.
            room = self._max_bytes - len(self._body) + 1
            try:
                inflated = self._member.decompress(piece, room)
            except zlib.error:
                raise ResponseInterrupted("its gzip is broken") from None
            super().feed(inflated)
            piece = self._member.unused_data
            if self._member.eof:
                self._member, self._complete = None, True

    def finish(self) -> bytes:
        if self._member is not None:
            raise ResponseInterrupted("its gzip ends early")
        return super().finish()


def _decoder(coding: str, max_bytes: int) -> _Identity:
    if coding.strip().lower() in {"gzip", "x-gzip"}:
        return _Gzip(max_bytes)
    # None, or one that was not asked for, mostly no coding at all ("utf-8"). The body is handed on
    # as it came: an answer that can be read must not be lost, and json() tells when it cannot.
    return _Identity(max_bytes)
