"""Connections to addresses that were vetted, and to nothing else.

Nobody below resolves the host: a socket is connected to the vetted address itself. The name still
goes into SNI, the check of the certificate, and Host.
"""

import functools
import socket
import ssl
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import certifi

from integrations.outbound.connection import Connection
from integrations.outbound.metering import Meter, MeteredSocket, MeteredTLSSocket, OutOfTime
from integrations.outbound.resuming import drop_ticket, find_ticket
from integrations.outbound.targets import Target

# More are not tried: each gets an equal share of the time that is left.
MAX_ATTEMPTS: Final = 4


def open_connection(target: Target, addresses: Sequence[str], meter: Meter) -> Connection:
    """Return a new connection to the first of ``addresses`` that answers.

    Raises:
        OutOfTime: the deadline has passed.
        OSError: refused, unreachable, or the TLS handshake failed.
    """
    sock, address = _connect_first(addresses, target.port, meter)
    if target.scheme == "http":
        return Connection(sock, target=target, address=address, verified_at=meter.started)
    try:
        secured, verified_at = _shake_hands(sock, target, meter)
    except TimeoutError:
        raise OutOfTime from None
    finally:
        sock.close()  # TLS has taken its file over
    return Connection(secured, target=target, address=address, verified_at=verified_at)


def _shake_hands(
    sock: socket.socket, target: Target, meter: Meter
) -> tuple[MeteredTLSSocket, float]:
    """Return the TLS socket, and when the peer's certificate was checked.

    With a ticket of an earlier connection the handshake brings no certificate: that one's holds.
    """
    context = tls_context()
    ticket = find_ticket(context, target.origin, now=meter.started)
    sock.settimeout(meter.seconds_left())  # the handshake takes it as its total
    session = ticket.session if ticket else None
    try:
        secured = context.wrap_socket(sock, server_hostname=target.host, session=session)
    except OSError:
        drop_ticket(context, target.origin)
        raise
    if not isinstance(secured, MeteredTLSSocket):
        raise TypeError("the TLS context must make metered sockets")
    if secured.version() is None:
        # `ssl` shakes no hands on a connection that is gone, and would then write in the clear.
        secured.close()
        raise ConnectionResetError
    secured.meter = meter
    if ticket is None:
        return secured, meter.started
    if secured.session_reused:
        return secured, ticket.verified_at
    drop_ticket(context, target.origin)
    return secured, meter.started


def context_for(target: Target) -> ssl.SSLContext | None:
    """Return the TLS settings for ``target``; None for http."""
    return tls_context() if target.scheme == "https" else None


@functools.cache
def tls_context() -> ssl.SSLContext:
    """Return the process's TLS settings, with the CA bundle that requests uses.

    One for all, as reading the bundle takes about 20 ms. OpenSSL's contexts survive a fork.
    """
    return make_tls_context(Path(certifi.where()))


def make_tls_context(ca_file: Path) -> ssl.SSLContext:
    """Return settings for TLS 1.2 or later that trust the authorities of ``ca_file`` only."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # requires and checks name and certificate
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # Tickets of TLS 1.2: who later gets the server's ticket key could read what was recorded.
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_TICKET
    context.hostname_checks_common_name = False
    context.set_alpn_protocols(["http/1.1"])
    if sys.version_info >= (3, 13):
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN | ssl.VERIFY_X509_STRICT
    context.load_verify_locations(cafile=ca_file)
    context.sslsocket_class = MeteredTLSSocket
    return context


def _connect_first(addresses: Sequence[str], port: int, meter: Meter) -> tuple[MeteredSocket, str]:
    """Return a TCP socket to the first of ``addresses`` that answers, and which one that is."""
    attempts = addresses[:MAX_ATTEMPTS]
    failure = OSError("no address")
    for number, address in enumerate(attempts):
        share = meter.seconds_left() / (len(attempts) - number)
        try:
            return _connect(address, port, share, meter), address
        except OSError as error:
            failure = error
    meter.seconds_left()
    raise failure


def _connect(address: str, port: int, seconds: float, meter: Meter) -> MeteredSocket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    sock = MeteredSocket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.settimeout(seconds)
        sock.connect((address, port))
        sock.meter = meter
    except BaseException:
        sock.close()
        raise
    return sock
