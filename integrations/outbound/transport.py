"""The transport that uses the network: one call, one connection, one answer."""

import ssl
from collections.abc import Iterable, Sequence

from django.conf import settings

from integrations import clock
from integrations.outbound import errors
from integrations.outbound.addresses import vet_addresses
from integrations.outbound.connecting import context_for, open_connection
from integrations.outbound.connection import Connection
from integrations.outbound.heads import Head
from integrations.outbound.keeping import KEEP
from integrations.outbound.messages import PreparedCall, Response
from integrations.outbound.metering import Meter, OutOfBytes, OutOfTime
from integrations.outbound.reading import read_body
from integrations.outbound.resolving import forget, recall, remember, resolve
from integrations.outbound.resuming import keep_ticket
from integrations.outbound.targets import Target


def deliver(call: PreparedCall) -> Response:
    """Send ``call`` once and read its answer.

    Raises:
        OutboundError: `outcome_unknown` is True from the first byte on that was sent.
    """
    meter = Meter(
        seconds=call.limits.deadline,
        max_body_bytes=call.limits.max_response_bytes,
        ends_at=call.limits.ends_at,
    )
    connection = _connect(call, meter)
    try:
        head, body = _exchange(connection, call)
        keep_ticket(connection)
    except BaseException:
        connection.close()
        raise
    if call.repeatable and head.persistent and connection.is_quiet():
        KEEP.put(connection, now=clock.seconds())
    else:
        connection.close()
    return Response(
        status=head.status,
        headers=head.headers,
        body=body,
        elapsed=clock.seconds() - meter.started,
    )


def find_addresses(target: Target, *, meter: Meter) -> tuple[str, ...]:
    """Ask for the addresses of ``target`` to connect to, and vet each.

    Raises:
        AddressRefused, ConnectFailed, OutOfTime
    """
    found = (target.address,) if target.address else resolve(target.host, meter=meter)
    return _vet(found, target)


def _vet(found: Iterable[str], target: Target) -> tuple[str, ...]:
    return vet_addresses(
        found,
        allow_loopback=settings.OUTBOUND_ALLOW_LOOPBACK is True,
        loopback_only=target.scheme == "http",
    )


def _connect(call: PreparedCall, meter: Meter) -> Connection:
    try:
        return _find_connection(call, meter)
    except OutOfTime:
        failure: errors.OutboundError = errors.DeadlineExceeded("before anything was sent")
    except ssl.SSLError:  # a certificate for another name is one
        failure = errors.ConnectFailed("TLS", code="tls_failed")
    except OSError:
        failure = errors.ConnectFailed("TCP")
    forget(call.target.host)
    raise failure


def _find_connection(call: PreparedCall, meter: Meter) -> Connection:
    target = call.target
    known = recall(target.host, now=meter.started)
    addresses = _vet(known, target) if known else find_addresses(target, meter=meter)
    connection = _take_kept(call, addresses, meter) or open_connection(target, addresses, meter)
    if not known and target.address is None:
        remember(target.host, addresses, now=meter.started)
    return connection


def _take_kept(call: PreparedCall, addresses: Sequence[str], meter: Meter) -> Connection | None:
    if not call.repeatable:
        return None
    meter.seconds_left()
    context = context_for(call.target)
    connection = KEEP.take(call.target.origin, addresses, context=context, now=clock.seconds())
    if connection is not None:
        connection.meter_by(meter)
    return connection


def _exchange(connection: Connection, call: PreparedCall) -> tuple[Head, bytes]:
    """Send and read; from here on, whatever fails, the peer may have acted on the request."""
    head: Head | None = None
    try:
        _write(connection, call)
        head = connection.read_head(method=call.method)
        body = read_body(connection, head, max_bytes=call.limits.max_response_bytes)
    except errors.OutboundError as error:
        failure = error
    except OutOfTime:
        failure = errors.DeadlineExceeded("after the request was sent")
    except OutOfBytes:
        failure = errors.ResponseTooLarge()
    except OSError:
        failure = errors.ResponseInterrupted()
    else:
        return head, body
    failure.outcome_unknown = True
    failure.status = head.status if head is not None else None
    raise failure


def _write(connection: Connection, call: PreparedCall) -> None:
    try:
        connection.request(call.method, call.target.path, headers=call.headers, body=call.body)
    except (BrokenPipeError, ConnectionResetError):
        # The peer may have answered, say with 413, before it had read everything. Reading tells.
        return
