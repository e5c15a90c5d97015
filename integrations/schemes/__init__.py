"""How each auth scheme obtains, renews, applies and revokes credentials.

``choosing`` says which scheme an auth config has. ``oauth2`` and ``oauth1`` send a person to the
provider; ``keys`` take what a person types in, and ``traded_keys`` trade it for access tokens.
``token_call`` calls a token endpoint, ``token_trades`` trades a token for a longer one,
``token_response`` reads what was answered, ``verdict`` says what the answer means for the grant,
``identity`` asks whose account it is, ``revoking`` ends the grant, ``connection_values`` finds what
an account brings, ``redirects`` checks a signed way back.
"""

from integrations.schemes.base import Scheme
from integrations.schemes.choosing import key_client, scheme_of
from integrations.schemes.connection_values import from_person, from_provider, from_redirect
from integrations.schemes.identity import (
    IdentityUnavailable,
    ProbeRejected,
    UpstreamIdentity,
    identify,
)
from integrations.schemes.keys import KeyClient
from integrations.schemes.oauth1 import OAuth1Client, RequestToken
from integrations.schemes.oauth2 import OAuth2Client
from integrations.schemes.redirects import is_genuine
from integrations.schemes.token_response import TokenSet
from integrations.schemes.verdict import Granted, RefusalKind, Refused, Verdict

__all__ = [
    "Granted",
    "IdentityUnavailable",
    "KeyClient",
    "OAuth1Client",
    "OAuth2Client",
    "ProbeRejected",
    "RefusalKind",
    "Refused",
    "RequestToken",
    "Scheme",
    "TokenSet",
    "UpstreamIdentity",
    "Verdict",
    "from_person",
    "from_provider",
    "from_redirect",
    "identify",
    "is_genuine",
    "key_client",
    "scheme_of",
]
