"""The OAuth rules of the sandbox, hung into oauthlib on top of allauth's own.

Every method runs inside the transaction of one call at the token or revocation endpoint, after
the client has authenticated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from allauth.idp.oidc.adapter import get_adapter
from allauth.idp.oidc.internal.oauthlib.request_validator import OAuthLibRequestValidator
from allauth.idp.oidc.internal.oauthlib.server import (
    generate_access_token,
    generate_refresh_token,
)
from allauth.idp.oidc.internal.oauthlib.utils import get_validator_context
from allauth.idp.oidc.models import Client, Token
from django.db import connection
from django.utils import timezone
from oauthlib.openid import Server

from integrations.sandbox.exchange import require_exchange
from integrations.sandbox.models import Grant, SpentToken
from integrations.sandbox.rotation import judge_refresh_token

if TYPE_CHECKING:
    from datetime import datetime

    from oauthlib.common import Request


class SandboxValidator(OAuthLibRequestValidator):  # type: ignore[misc] # allauth is untyped
    """allauth's validator with families, rotation by switch, and revocation by RFC 7009."""

    def validate_code(
        self, client_id: str, code: str, client: Client, request: Request, *args: Any, **kwargs: Any
    ) -> bool:
        """Accept a code once. A second time, revoke what the first gave (RFC 6749, 4.1.2)."""
        digest = get_adapter().hash_token(code)
        _take_turns(digest)
        if super().validate_code(client_id, code, client, request, *args, **kwargs):
            return True
        spent = SpentToken.objects.filter(digest=digest, grant__client=client).first()
        if spent is not None:
            spent.grant.revoke()
            require_exchange().outcome = "code_reuse_detected"
        return False

    def validate_refresh_token(
        self, refresh_token: str, client: Client, request: Request, *args: Any, **kwargs: Any
    ) -> bool:
        """Judge the token by the rotation in force and note the verdict."""
        exchange = require_exchange()
        switches = exchange.switches
        verdict = judge_refresh_token(
            digest=get_adapter().hash_token(refresh_token),
            client_id=client.pk,
            switches=switches,
            now=timezone.now(),
        )
        exchange.outcome = verdict.outcome
        if verdict.token is None:
            return False
        # In grace there is no row to keep using, so a new token is due whatever the switches say.
        exchange.rotate = verdict.token.pk is None or (
            switches.rotation != "none" and not switches.omit_refresh_token
        )
        request.user = verdict.token.user
        get_validator_context().refresh_token = verdict.token
        return True

    def save_bearer_token(
        self, token: dict[str, Any], request: Request, *args: Any, **kwargs: Any
    ) -> None:
        """Store the new tokens and keep the books of their family."""
        now = timezone.now()
        context = get_validator_context()
        presented = context.refresh_token
        spent: tuple[str, str] | None = None
        if request.grant_type == Client.GrantType.AUTHORIZATION_CODE:
            spent = (get_adapter().hash_token(request.code), SpentToken.Kind.AUTHORIZATION_CODE)
        elif presented is not None and presented.pk is None:
            context.refresh_token = None
        elif presented is not None and require_exchange().rotate:
            spent = (presented.hash, SpentToken.Kind.REFRESH_TOKEN)
        super().save_bearer_token(token, request, *args, **kwargs)
        grant = _keep_grant(request, now)
        if spent is not None:
            digest, kind = spent
            grant.spend(digest=digest, kind=kind, scopes=list(request.scopes), now=now)
        grant.tokens().filter(type=Token.Type.ACCESS_TOKEN, expires_at__lte=now).delete()

    def revoke_token(
        self, token: str, token_type_hint: str | None, request: Request, *args: Any, **kwargs: Any
    ) -> None:
        """Revoke as RFC 7009 asks, where allauth deletes one row of any client by the hint.

        A refresh token, also one rotated away, takes its whole family along; an access token goes
        alone. The hint is not needed: a digest tells the kind.
        """
        exchange = require_exchange()
        exchange.outcome = "revoked"
        digest = get_adapter().hash_token(token)
        client_id = request.client.pk
        grant = Grant.objects.lock_holder(client_id=client_id, digest=digest)
        if grant is not None:
            grant.revoke()
            return
        deleted, _ = Token.objects.filter(
            client_id=client_id, hash=digest, type=Token.Type.ACCESS_TOKEN
        ).delete()
        if not deleted:
            exchange.outcome = "unknown_token"


def build_server() -> Server:
    """Return the oauthlib server of one call, with the lifetimes of the current switches."""
    return Server(
        request_validator=SandboxValidator(),
        token_generator=generate_access_token,
        refresh_token_generator=generate_refresh_token,
        token_expires_in=require_exchange().switches.access_token_seconds,
    )


def _keep_grant(request: Request, now: datetime) -> Grant:
    grant: Grant
    grant, _ = Grant.objects.update_or_create(
        user=request.user,
        client=request.client,
        defaults={"last_used_at": now},
        create_defaults={"granted_at": now, "last_used_at": now},
    )
    return grant


def _take_turns(digest: str) -> None:
    """Let concurrent calls with the same code wait for each other until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [digest])
