"""The door itself: prepare, hand to the transport, log, and let nothing secret out in an error."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final, TypeAlias

import requests.auth
import structlog
from django.views.decorators.debug import sensitive_variables

from integrations.outbound.errors import ConnectFailed, InvalidUrl, OutboundError
from integrations.outbound.limits import Limits, Role
from integrations.outbound.messages import PreparedCall, Response
from integrations.outbound.metering import Meter, OutOfTime
from integrations.outbound.preparing import prepare
from integrations.outbound.targets import parse_target
from integrations.outbound.transport import deliver, find_addresses
from integrations.turns import turns

Transport: TypeAlias = Callable[[PreparedCall], Response]

VETTING_SECONDS: Final = 5.0

log = structlog.get_logger(__name__)
_transport: Transport = deliver


@contextmanager
def use_transport(transport: Transport) -> Iterator[None]:
    """Send every call of the whole process through ``transport`` instead, for tests.

    It gets a `PreparedCall` that passed all checks that need no network, and returns a Response or
    raises an `OutboundError`.
    """
    global _transport  # noqa: PLW0603 - threads under test must see it, as a ContextVar would not
    before, _transport = _transport, transport
    try:
        yield
    finally:
        _transport = before


@sensitive_variables()
def send(
    *,
    role: Role,
    method: str,
    url: str,
    headers: Mapping[str, str] | None = None,
    form: Mapping[str, str] | None = None,
    json: object | None = None,
    content: bytes | None = None,
    auth: requests.auth.AuthBase | None = None,
    limits: Limits | None = None,
    repeatable: bool = False,
) -> Response:
    """Make one HTTP call, once: no redirect is followed, nothing is ever sent again.

    Args:
        role: why; decides the limits.
        method: upper case.
        url: https. http only to loopback and with settings.OUTBOUND_ALLOW_LOOPBACK.
        headers: without those that say where the message goes and ends (Host, Content-Length, ...).
        form, json, content: the body, one of them at most.
        auth: may add to headers, body and query; hooks that it registers are not run.
        limits: instead of the role's.
        repeatable: the caller makes the call again, later, where its outcome is unknown. Only such
            a call may go over a connection that an earlier one left open (see `keeping`).

    Returns:
        The answer, whatever its status.

    Raises:
        OutboundError: see the tree in the docstring of the package.
        TypeError: more than one body.
    """
    started = time.monotonic()
    call: PreparedCall | None = None
    try:
        call = prepare(
            role=role,
            method=method,
            url=url,
            headers=headers,
            form=form,
            json=json,
            content=content,
            auth=auth,
            limits=limits,
            repeatable=repeatable,
        )
        with turns.aside():
            response = _transport(call)
    except OutboundError as error:
        failure = error
    else:
        _log(role, call, started, status=response.status)
        return response
    _log(role, call, started, error=failure.code)
    failure.subject = f"{role} {call.method} {call.target.origin}" if call else str(role)
    raise _alone(failure)


@sensitive_variables()
def vet_url(url: str) -> None:
    """Check a URL at the time it is configured, so that its author hears of it at once.

    No substitute for the checks at each call, which are made anew: names change their addresses.
    A resolver that gives no answer refuses nothing.

    Raises:
        InvalidUrl: `send` would not take it, or its host does not exist.
        AddressRefused: its host is, or resolves to, an address that may not be called.
    """
    try:
        target = parse_target(url)
        meter = Meter(seconds=VETTING_SECONDS, max_body_bytes=0)
        find_addresses(target, meter=meter)
    except ConnectFailed as error:
        if error.code != "host_not_found":
            return
        failure: OutboundError = InvalidUrl("its host does not exist")
    except OutboundError as error:
        failure = error
    except OutOfTime:
        return
    else:
        return
    raise _alone(failure)


def _alone(failure: OutboundError) -> OutboundError:
    """Cut off causes and inner frames: they hold, and libraries quote, URLs, headers and bodies."""
    failure.__cause__ = failure.__context__ = None
    return failure.with_traceback(None)


def _log(role: Role, call: PreparedCall | None, started: float, **outcome: int | str) -> None:
    log.info(
        "outbound_call",
        role=role.value,
        method=call.method if call else None,
        host=call.target.host if call else None,
        elapsed_ms=round((time.monotonic() - started) * 1000, 1),
        **outcome,
    )
