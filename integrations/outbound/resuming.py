"""TLS tickets, by which a new connection needs no new proof of who the peer is (RFC 8446, 2.2).

Of TLS 1.3 only, whose resumed handshakes still make new keys. A ticket belongs to one origin and
one set of TLS settings, and none leads further than `VERIFIED_SECONDS` from the full handshake in
which the peer showed its certificate. The same one is offered again and again: RFC 8446, C.4
advises against it so that nobody can tell that two connections come from one client, and these
come from one address anyway. A peer that does not take it asks for a full handshake.
"""

import ssl
from dataclasses import dataclass
from typing import Final, TypeAlias

from integrations.outbound.connection import Connection

# The certificate of a peer is looked at anew at least this often.
VERIFIED_SECONDS: Final = 600.0
# A ticket that is younger is not replaced: reading one out costs more than it would bring.
YOUNG_SECONDS: Final = 60.0
MAX_TICKETS: Final = 256

_Key: TypeAlias = tuple[ssl.SSLContext, str]


@dataclass(frozen=True, kw_only=True, repr=False)
class Ticket:
    """What the peer handed out, and when (by `integrations.clock`) it showed its certificate."""

    session: ssl.SSLSession
    verified_at: float


# Each step on it is one operation of a dict, so that threads need no lock.
_tickets: dict[_Key, Ticket] = {}


def find_ticket(context: ssl.SSLContext, origin: str, *, now: float) -> Ticket | None:
    """Return a ticket for a new connection to ``origin``.

    Args:
        now: by `integrations.clock`.
    """
    ticket = _tickets.get((context, origin))
    if ticket is None or now - ticket.verified_at >= VERIFIED_SECONDS:
        return None
    return ticket


def keep_ticket(connection: Connection) -> None:
    """Keep the ticket of ``connection``, on which an answer was read: it came before that."""
    sock = connection.sock
    if not isinstance(sock, ssl.SSLSocket):
        return
    key = (sock.context, connection.origin)
    known = _tickets.get(key)
    if known is not None and known.verified_at + YOUNG_SECONDS > connection.verified_at:
        return
    session = sock.session
    if session is None or not session.has_ticket:  # of TLS 1.2 none is asked for
        return
    if len(_tickets) >= MAX_TICKETS:
        _tickets.clear()
    _tickets[key] = Ticket(session=session, verified_at=connection.verified_at)


def drop_ticket(context: ssl.SSLContext, origin: str) -> None:
    """Offer it no more: the peer did not take it."""
    _tickets.pop((context, origin), None)
