"""How each auth scheme obtains, renews, applies and revokes credentials.

``oauth2`` speaks the protocol (Authlib prepares the requests, the outbound door sends them),
``token_response`` reads what a token endpoint answered, ``verdict`` says what the answer means for
the grant, ``identity`` asks whose account it is.
"""

from integrations.schemes.identity import (
    IdentityUnavailable,
    ProbeRejected,
    UpstreamIdentity,
    identify,
)
from integrations.schemes.oauth2 import OAuth2Client
from integrations.schemes.token_response import TokenSet
from integrations.schemes.verdict import Granted, RefusalKind, Refused, Verdict

__all__ = [
    "Granted",
    "IdentityUnavailable",
    "OAuth2Client",
    "ProbeRejected",
    "RefusalKind",
    "Refused",
    "TokenSet",
    "UpstreamIdentity",
    "Verdict",
    "identify",
]
