"""What a presented refresh token is worth: the rules of strict, grace and no rotation.

strict: a token that was rotated away and comes back revokes its whole family (RFC 9700, 4.14.2).
grace: it is accepted for a while and yields a fresh pair; after that as strict.
none: refresh tokens stay; an old one is merely invalid.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from allauth.idp.oidc.models import Token

from integrations.sandbox.models import Grant, SpentToken

if TYPE_CHECKING:
    from datetime import datetime

    from integrations.sandbox.switches import Switches


class Verdict(NamedTuple):
    """The judgement on a presented refresh token.

    Attributes:
        outcome: ``issued``, ``issued_in_grace``, ``invalid_grant`` or ``reuse_detected``.
        token: what the refresh builds on; None where it is refused. Unsaved in grace, where the
            presented token's own row is gone.
    """

    outcome: str
    token: Token | None = None


def judge_refresh_token(
    *, digest: str, client_id: str, switches: Switches, now: datetime
) -> Verdict:
    """Judge the refresh token with ``digest``, locking its grant until the transaction ends.

    A reuse revokes the family here and now; the caller's transaction must commit.
    """
    grant = Grant.objects.lock_holder(client_id=client_id, digest=digest)
    if grant is None or not grant.user.is_active:
        return Verdict("invalid_grant")
    working = Token.objects.valid().filter(
        client_id=client_id, hash=digest, type=Token.Type.REFRESH_TOKEN
    )
    if token := working.first():
        return Verdict("issued", token)
    spent = SpentToken.objects.filter(grant=grant, digest=digest).first()
    if spent is None or switches.rotation == "none":
        return Verdict("invalid_grant")
    if switches.rotation == "grace" and _in_grace(spent, switches, now):
        return Verdict("issued_in_grace", _stand_in(grant, spent))
    grant.revoke()
    return Verdict("reuse_detected")


def _in_grace(spent: SpentToken, switches: Switches, now: datetime) -> bool:
    return now < spent.spent_at + timedelta(seconds=switches.grace_seconds)


def _stand_in(grant: Grant, spent: SpentToken) -> Token:
    token = Token(type=Token.Type.REFRESH_TOKEN, user=grant.user, client_id=grant.client_id)
    token.set_scopes(spent.scopes)
    return token
