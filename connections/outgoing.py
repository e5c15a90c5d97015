"""Refreshes tokens on their way out, where their provider ends a grant by a live access token only.

One that is over opens nothing any more, and the refresh token would live on there. A refresh also
tells whether a grant is dead whose revocation is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from connections.models import Breaker
from connections.refresh.endpoints import token_breakers
from integrations import clock
from integrations.catalog import UnknownToolkit
from integrations.outbound import LIMITS, Role
from integrations.schemes import Granted, RefusalKind, Refused

if TYPE_CHECKING:
    from datetime import datetime

    from connections.models import Revocation
    from integrations.models import AuthConfig
    from integrations.schemes import TokenSet
    from integrations.schemes.base import Scheme

# For so long a refreshed access token is taken to be live. It is revoked within seconds.
FRESH: Final = timedelta(minutes=5)


@dataclass(frozen=True, kw_only=True)
class Renewed:
    """The tokens that are to be revoked in the place of those that were."""

    tokens: TokenSet


def is_over(revocation: Revocation, *, now: datetime) -> bool:
    """Whether its access token is known to have ended."""
    if revocation.renewed_at is not None:
        return revocation.renewed_at <= now - FRESH
    ended_at = revocation.account.expires_at
    return ended_at is not None and ended_at <= now


def may_renew(revocation: Revocation, *, now: datetime) -> bool:
    """Whether its tokens may be refreshed now.

    Not while the account's last refresh may be out: a refresh token that comes twice may cost the
    answer to the first. Not where the provider is left alone. And after a refresh it is the new
    token's turn.
    """
    account = revocation.account
    if account.lease_until is not None and account.lease_until > now:
        return False
    if revocation.renewed_at is not None and revocation.renewed_at > now - FRESH:
        return False
    try:
        return not _is_left_alone(account.auth_config, now)
    except UnknownToolkit:
        return False


def _is_left_alone(auth_config: AuthConfig, now: datetime) -> bool:
    """Whether its provider fails, or refuses the client. A trial is for what keeps a grant."""
    blocked_until = auth_config.all_calls_blocked_until
    if blocked_until is not None and blocked_until > now:
        return True
    breakers = Breaker.objects.filter(pk__in=token_breakers(auth_config))
    return breakers.filter(opened_at__isnull=False).exists()


def renew(revocation: Revocation, *, scheme: Scheme, tokens: TokenSet) -> Renewed | Refused | None:
    """Refresh ``tokens``, once; None where their grant is dead, as it was to be.

    Touches no database. What comes has to be stored before it is revoked: at a provider that
    rotates, the refresh token in it is the only one.
    """
    if tokens.refresh_token is None or not revocation.may_renew:
        return Refused(kind=RefusalKind.TRANSIENT, error_code="refresh_held_back")
    if revocation.calls_end_at - clock.seconds() < LIMITS[Role.TOKEN].deadline:
        return Refused(kind=RefusalKind.TRANSIENT, error_code="lease_too_short")
    verdict = scheme.refresh(refresh_token=tokens.refresh_token, ends_at=revocation.calls_end_at)
    if isinstance(verdict, Granted):
        return Renewed(tokens=verdict.tokens.carrying_over(tokens.refresh_token))
    return None if verdict.kind is RefusalKind.TERMINAL else verdict
