"""What every way to authenticate can do."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from integrations.outbound import AuthBase
from integrations.schemes.identity import identify
from integrations.schemes.verdict import RefusalKind, Refused, Verdict

if TYPE_CHECKING:
    from datetime import datetime

    from integrations.catalog import Applied, Toolkit
    from integrations.schemes.identity import UpstreamIdentity
    from integrations.schemes.token_response import TokenSet
    from integrations.secrets import Secret

UNSUPPORTED = Refused(kind=RefusalKind.TERMINAL, error_code="revocation_unsupported")


class Scheme:
    """One auth config's way to authenticate at one toolkit. Sends and judges; stores nothing.

    How credentials are obtained differs too much for one signature: see each scheme.
    """

    toolkit: Toolkit

    def auth(self, tokens: TokenSet) -> AuthBase:
        """Return what puts ``tokens`` onto a request to the service."""
        return AppliedAuth(self.toolkit.apply.apply(tokens.parts()))

    def refresh(self, *, refresh_token: Secret, ends_at: float = math.inf) -> Verdict:
        """Get new tokens for what renews them.

        Args:
            ends_at: by `integrations.clock`: nothing is sent or waited for after that.
        """
        return Refused(kind=RefusalKind.TRANSIENT, error_code="no_refresh_token")

    @property
    def revokes_by_access_token(self) -> bool:
        """Whether `revoke` sends the access token where there is a refresh token as well."""
        return False

    def revoke(self, *, tokens: TokenSet) -> Refused | None:
        """End the grant at the provider.

        Returns None when the provider confirmed it (or knew the token no more), else why not.
        """
        return UNSUPPORTED

    def identify(self, *, tokens: TokenSet, now: datetime | None = None) -> UpstreamIdentity | None:
        """Ask whose account ``tokens`` open; an answer proves them. None where nobody can be asked.

        Raises as `integrations.schemes.identify`.
        """
        if self.toolkit.identity is None:
            return None
        return identify(
            auth=self.auth(tokens), tokens=tokens, identity=self.toolkit.identity, now=now
        )


class AppliedAuth(AuthBase):
    """Puts headers and query parameters onto a request."""

    def __init__(self, applied: Applied) -> None:
        self._applied = applied

    def __call__(self, request: Any) -> Any:
        request.headers.update(self._applied.headers)
        if self._applied.query:
            request.prepare_url(request.url, self._applied.query)
        return request
