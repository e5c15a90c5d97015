"""The transport that uses the network: one call, one connection, one answer."""

import http.client
import ssl
import time
from typing import Final

import urllib3.exceptions
from django.conf import settings
from urllib3.response import HTTPResponse
from urllib3.util.ssl_match_hostname import CertificateError

from integrations.outbound import errors
from integrations.outbound.addresses import vet_addresses
from integrations.outbound.connecting import Connection, open_connection, read_head
from integrations.outbound.messages import PreparedCall, Response
from integrations.outbound.metering import Meter, OutOfBytes, OutOfTime
from integrations.outbound.reading import read_body
from integrations.outbound.resolving import resolve
from integrations.outbound.targets import Target

# What http.client and urllib3 raise on an answer that is cut or is not HTTP.
_GARBLED: Final = (
    OSError,
    ValueError,
    http.client.HTTPException,
    urllib3.exceptions.HTTPError,
)


def deliver(call: PreparedCall) -> Response:
    """Send ``call`` once and read its answer.

    Raises:
        OutboundError: `outcome_unknown` is True from the first byte on that was sent.
    """
    meter = Meter(seconds=call.limits.deadline, max_body_bytes=call.limits.max_response_bytes)
    connection = _connect(call.target, meter)
    try:
        return _exchange(connection, call, meter)
    finally:
        connection.close()


def find_addresses(target: Target, *, meter: Meter) -> tuple[str, ...]:
    """Return the addresses of ``target`` to connect to, each vetted.

    Raises:
        AddressRefused, ConnectFailed, OutOfTime
    """
    found = [target.address] if target.address else resolve(target.host, meter=meter)
    return vet_addresses(
        found,
        allow_loopback=settings.OUTBOUND_ALLOW_LOOPBACK is True,
        loopback_only=target.scheme == "http",
    )


def _connect(target: Target, meter: Meter) -> Connection:
    try:
        addresses = find_addresses(target, meter=meter)
        return open_connection(target, addresses, meter)
    except OutOfTime:
        raise errors.DeadlineExceeded("before anything was sent") from None
    except OutOfBytes:
        raise errors.ConnectFailed("TLS", code="tls_failed") from None
    except (ssl.SSLError, CertificateError):
        raise errors.ConnectFailed("TLS", code="tls_failed") from None
    except OSError:
        raise errors.ConnectFailed("TCP") from None


def _exchange(connection: Connection, call: PreparedCall, meter: Meter) -> Response:
    """Send and read; from here on, whatever fails, the peer may have acted on the request."""
    answer: HTTPResponse | None = None
    try:
        _write(connection, call)
        answer = read_head(connection, method=call.method)
        _refuse_interim(answer.status)
        body = read_body(answer, max_bytes=call.limits.max_response_bytes, meter=meter)
        return Response(
            status=answer.status,
            headers=answer.headers,
            body=body,
            elapsed=time.monotonic() - meter.started,
        )
    except errors.OutboundError as error:
        failure = error
    except OutOfTime:
        failure = errors.DeadlineExceeded("after the request was sent")
    except OutOfBytes:
        failure = errors.ResponseTooLarge()
    except _GARBLED:
        failure = errors.ResponseInterrupted()
    finally:
        if answer is not None:
            answer.close()
    failure.outcome_unknown = True
    failure.status = answer.status if answer is not None else None
    raise failure


def _write(connection: Connection, call: PreparedCall) -> None:
    try:
        connection.request(
            call.method,
            call.target.path,
            body=call.body,
            headers=call.headers,
            preload_content=False,
            decode_content=False,
        )
    except (BrokenPipeError, ConnectionResetError):
        # The peer may have answered, say with 413, before it had read everything. Reading tells.
        return


def _refuse_interim(status: int) -> None:
    """http.client skips 100 only, and takes other interim answers for the final one."""
    if status < 200:
        raise errors.ResponseInterrupted("an interim status")
