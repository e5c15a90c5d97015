"""Sockets that stop at a call's deadline and at its number of bytes.

Every read and write first asks the meter how long it may still take, so a peer that sends a byte
now and then gains nothing, in whatever phase. The bytes are counted below the HTTP parser, so that
no oddity of framing can fill the memory. No thread is needed, so forks are harmless.
"""

import math
import socket
import ssl
from typing import Any, Final

from integrations import clock

# Status line, headers and the framing of chunks, on top of the body.
HEAD_ALLOWANCE: Final = 64 * 1024


class OutOfTime(Exception):
    """The deadline of the call has passed. Not an OSError: no layer below mistakes it for one."""


class OutOfBytes(Exception):
    """The peer sent more than the call may receive."""


class Meter:
    """What one call may still spend.

    Args:
        seconds: until its deadline, from now on.
        max_body_bytes: of the answer's body, as received.
        ends_at: an earlier deadline, by `integrations.clock`.
    """

    def __init__(self, *, seconds: float, max_body_bytes: int, ends_at: float = math.inf) -> None:
        self.started = clock.seconds()
        self._deadline = min(self.started + seconds, ends_at)
        self._bytes_left = max_body_bytes + HEAD_ALLOWANCE

    def seconds_left(self) -> float:
        """Return the seconds until the deadline, always more than 0.

        Raises:
            OutOfTime: it has passed.
        """
        seconds = self._deadline - clock.seconds()
        if seconds <= 0:
            raise OutOfTime
        return seconds

    def receive(self, count: int) -> None:
        """Count received bytes.

        Raises:
            OutOfBytes: they are more than the call may receive.
        """
        self._bytes_left -= count
        if self._bytes_left < 0:
            raise OutOfBytes


class MeteredSocket(socket.socket):
    """A TCP socket whose reads and writes obey `meter`. Set it before the first of them.

    The three methods here are the only ones by which it may be read or written.
    """

    # None until the connection stands: Python's `ssl` looks into a socket before its handshake.
    meter: Meter | None = None

    def recv(self, *args: Any) -> bytes:
        """Read, as `socket.socket.recv` does."""
        self._allow_time()
        try:
            data = super().recv(*args)
        except TimeoutError:
            raise OutOfTime from None
        if self.meter is not None:
            self.meter.receive(len(data))
        return data

    def send(self, *args: Any) -> int:
        """Write some, as `socket.socket.send` does; over TLS, `sendall` calls it piece by piece."""
        self._allow_time()
        try:
            return super().send(*args)
        except TimeoutError:
            raise OutOfTime from None

    def sendall(self, *args: Any) -> None:
        """Write all, as `socket.socket.sendall` does, which takes its timeout as a total."""
        self._allow_time()
        try:
            super().sendall(*args)
        except TimeoutError:
            raise OutOfTime from None

    def _allow_time(self) -> None:
        if self.meter is not None:
            self.settimeout(self.meter.seconds_left())


class MeteredTLSSocket(MeteredSocket, ssl.SSLSocket):
    """The same over TLS. `ssl` makes it, so the meter can be set after the handshake only.

    The handshake inherits the timeout of the TCP socket, which OpenSSL's loop takes as a total.
    """
