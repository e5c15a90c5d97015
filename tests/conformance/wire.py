"""The wire of these tests: every call of the door ends at the one server on loopback."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from integrations.outbound import PreparedCall, Response
from integrations.outbound.targets import Target
from integrations.outbound.transport import deliver


def to_loopback(port: int) -> Callable[[PreparedCall], Response]:
    """Return a transport that takes each call, origin and all, to the server at ``port``.

    Everything before it is what a real call goes through, and what it does is a real call.
    """

    def transport(call: PreparedCall) -> Response:
        meant = call.target
        path = f"/{meant.scheme}/{meant.host}:{meant.port}{meant.path}"
        target = Target(scheme="http", host="127.0.0.1", port=port, path=path)
        return deliver(replace(call, target=target))

    return transport
