"""Sockets that stop at a call's deadline and at its number of bytes.

Every read and write first asks the meter how long it may still take, so a peer that sends a byte
now and then gains nothing, in whatever phase: http.client reads line by line and would wait for
each anew. The bytes are counted below the HTTP parser, so that no oddity of framing (a negative
chunk size reads until the end) can fill the memory. No thread is needed, so forks are harmless.
"""

import socket
import ssl
import time
from collections.abc import Callable
from typing import Any, Final, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

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
    """

    def __init__(self, *, seconds: float, max_body_bytes: int) -> None:
        self.started = time.monotonic()
        self._deadline = self.started + seconds
        self._bytes_left = max_body_bytes + HEAD_ALLOWANCE

    def seconds_left(self) -> float:
        """Return the seconds until the deadline, always more than 0.

        Raises:
            OutOfTime: it has passed.
        """
        seconds = self._deadline - time.monotonic()
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
    """A TCP socket whose reads and writes obey `meter`. Set it before the first of them."""

    meter: Meter | None = None

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        """Read, as `socket.socket.recv_into` does."""
        count = self._within_deadline(super().recv_into, *args, **kwargs)
        if self.meter is not None:
            self.meter.receive(count)
        return count

    def send(self, *args: Any, **kwargs: Any) -> int:
        """Write some, as `socket.socket.send` does."""
        return self._within_deadline(super().send, *args, **kwargs)

    def sendall(self, *args: Any, **kwargs: Any) -> None:
        """Write all, as `socket.socket.sendall` does."""
        self._within_deadline(super().sendall, *args, **kwargs)

    def _within_deadline(
        self, operation: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        if self.meter is not None:
            self.settimeout(self.meter.seconds_left())
        try:
            return operation(*args, **kwargs)
        except TimeoutError:
            raise OutOfTime from None


class MeteredTLSSocket(MeteredSocket, ssl.SSLSocket):
    """The same over TLS. `ssl` makes it, so the meter can be set after the handshake only.

    The handshake inherits the timeout of the TCP socket, which OpenSSL's loop takes as a total.
    """
