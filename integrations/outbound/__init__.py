"""The one door through which Evergrant makes HTTP calls.

    response = outbound.send(role=Role.TOKEN, method="POST", url=token_url, form={...})

Each call has a role with a total deadline and a cap on the answer; redirects are not followed,
nothing is sent twice, and every address is vetted after resolution and then connected to as it is.

    OutboundError            code, outcome_unknown, status (where the answer's head was read)
    ├── InvalidRequest       not sent: method, header or body
    │   └── InvalidUrl       not sent: the URL
    ├── AddressRefused       not sent: not a public address, or an odd spelling of one
    ├── ConnectFailed        not sent: host_not_found, dns_failed, connect_failed, tls_failed
    ├── DeadlineExceeded     outcome_unknown tells whether it was sent
    ├── ResponseInterrupted  sent; the answer was cut or is garbled
    ├── ResponseTooLarge     sent; the answer is larger than allowed
    └── MalformedBody        sent; Response.json() found no JSON

No message, repr, exception chain or log line carries a path, a query, a header or a body.
"""

from requests.auth import AuthBase, HTTPBasicAuth

from integrations.outbound.door import Transport, send, use_transport, vet_url
from integrations.outbound.errors import (
    AddressRefused,
    ConnectFailed,
    DeadlineExceeded,
    InvalidRequest,
    InvalidUrl,
    MalformedBody,
    OutboundError,
    ResponseInterrupted,
    ResponseTooLarge,
)
from integrations.outbound.limits import (
    LEASE_MARGIN_SECONDS,
    LIMITS,
    STORING_SECONDS,
    Limits,
    Role,
)
from integrations.outbound.lookups import Resolver
from integrations.outbound.messages import PreparedCall, Response
from integrations.outbound.resolving import use_resolver
from integrations.outbound.targets import parse_target

__all__ = [
    "LEASE_MARGIN_SECONDS",
    "LIMITS",
    "STORING_SECONDS",
    "AddressRefused",
    "AuthBase",
    "ConnectFailed",
    "DeadlineExceeded",
    "HTTPBasicAuth",
    "InvalidRequest",
    "InvalidUrl",
    "Limits",
    "MalformedBody",
    "OutboundError",
    "PreparedCall",
    "Resolver",
    "Response",
    "ResponseInterrupted",
    "ResponseTooLarge",
    "Role",
    "Transport",
    "parse_target",
    "send",
    "use_resolver",
    "use_transport",
    "vet_url",
]
