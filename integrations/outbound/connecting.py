"""Connections to addresses that were vetted, and to nothing else.

urllib3 would resolve the host itself when it connects; here it is handed a socket that is
connected already. The name still goes into SNI, the check of the certificate, and Host.
"""

import functools
import http.client
import re
import socket
import ssl
from collections.abc import Sequence
from pathlib import Path
from typing import Final, TypeAlias

import certifi
from urllib3 import HTTPHeaderDict
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.response import HTTPResponse
from urllib3.util.ssl_ import create_urllib3_context

from integrations.outbound.metering import Meter, MeteredSocket, MeteredTLSSocket, OutOfTime
from integrations.outbound.targets import Target

# More are not tried: each gets an equal share of the time that is left.
MAX_ATTEMPTS: Final = 4

_FOLD: Final = re.compile(r"\r?\n[ \t]+")

Connection: TypeAlias = "PinnedConnection | PinnedTLSConnection"


class PinnedConnection(HTTPConnection):
    """HTTP to one of ``addresses``, which are literal ones."""

    # http.client would connect again when it finds its socket closed: never send a request twice.
    auto_open = 0

    def __init__(self, target: Target, addresses: Sequence[str], meter: Meter) -> None:
        super().__init__(target.host, target.port)
        self._addresses = addresses
        self._meter = meter

    def _new_conn(self) -> socket.socket:
        return _connect_first(self._addresses, self.port, self._meter)


class PinnedTLSConnection(HTTPSConnection):
    """The same over TLS, with the certificate checked against the name."""

    auto_open = 0

    def __init__(self, target: Target, addresses: Sequence[str], meter: Meter) -> None:
        super().__init__(target.host, target.port, ssl_context=tls_context())
        self._addresses = addresses
        self._meter = meter

    def _new_conn(self) -> socket.socket:
        return _connect_first(self._addresses, self.port, self._meter)

    def connect(self) -> None:
        """Connect and shake hands; from then on the TLS socket is metered."""
        super().connect()
        if not isinstance(self.sock, MeteredTLSSocket):
            raise TypeError("the TLS context must make metered sockets")
        self.sock.meter = self._meter


def open_connection(target: Target, addresses: Sequence[str], meter: Meter) -> Connection:
    """Return a connected connection that nobody else uses.

    A pool would go here, and only here. There is none yet: a connection that the peer has closed
    in the meantime is found out by sending on it, and then nobody knows whether a single-use
    refresh token was received. A pool has to keep the TOKEN role out, and to be per process.

    Raises:
        OutOfTime: the deadline has passed.
        OSError: refused, unreachable, or the TLS handshake failed.
    """
    kind = PinnedTLSConnection if target.scheme == "https" else PinnedConnection
    connection = kind(target, addresses, meter)
    try:
        connection.connect()
    except TimeoutError:
        connection.close()
        raise OutOfTime from None
    except BaseException:
        connection.close()
        raise
    return connection


def read_head(connection: Connection, *, method: str) -> HTTPResponse:
    """Read status and headers of the answer to the ``method`` request that was sent.

    Past urllib3's `getresponse`: that one logs path, query and headers where a header is odd.

    Raises:
        OutOfTime, OutOfBytes: the meter stopped it.
        OSError, ValueError, HTTPException, urllib3 HTTPError: it was cut or is not HTTP.
    """
    answer = http.client.HTTPConnection.getresponse(connection)
    return HTTPResponse(
        body=answer,
        headers=HTTPHeaderDict((name, _unfold(value)) for name, value in answer.msg.items()),
        status=answer.status,
        original_response=answer,
        request_method=method,
        preload_content=False,
        decode_content=False,
        enforce_content_length=True,
    )


def _unfold(value: str) -> str:
    """Join a value that was sent over several lines (RFC 9112, 5.2)."""
    return _FOLD.sub(" ", value)


@functools.cache
def tls_context() -> ssl.SSLContext:
    """Return the process's TLS settings, with the CA bundle that requests uses.

    One for all, as reading the bundle takes about 20 ms. OpenSSL's contexts survive a fork.
    """
    return make_tls_context(Path(certifi.where()))


def make_tls_context(ca_file: Path) -> ssl.SSLContext:
    """Return settings for TLS 1.2 or later that trust the authorities of ``ca_file`` only."""
    context = create_urllib3_context(cert_reqs=ssl.CERT_REQUIRED)
    context.load_verify_locations(cafile=ca_file)
    context.sslsocket_class = MeteredTLSSocket
    return context


def _connect_first(addresses: Sequence[str], port: int, meter: Meter) -> socket.socket:
    """Return a TCP socket to the first of ``addresses`` that answers."""
    attempts = addresses[:MAX_ATTEMPTS]
    failure = OSError("no address")
    for number, address in enumerate(attempts):
        share = meter.seconds_left() / (len(attempts) - number)
        try:
            return _connect(address, port, share, meter)
        except OSError as error:
            failure = error
    meter.seconds_left()
    raise failure


def _connect(address: str, port: int, seconds: float, meter: Meter) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    sock = MeteredSocket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.settimeout(seconds)
        sock.connect((address, port))
        sock.meter = meter
        sock.settimeout(meter.seconds_left())  # the TLS handshake takes it as its total
    except BaseException:
        sock.close()
        raise
    return sock
