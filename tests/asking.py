"""The identity call as a scheme makes it."""

from __future__ import annotations

from typing import Any

from integrations.catalog import BEARER, Application, Identity
from integrations.schemes import TokenSet, UpstreamIdentity, identify
from integrations.schemes.base import AppliedAuth
from integrations.secrets import Secret


def ask_identity(
    token: Secret, identity: Identity, apply: Application = BEARER, **given: Any
) -> UpstreamIdentity:
    """Ask whose ``token`` is."""
    tokens = TokenSet(access_token=token)
    auth = AppliedAuth(apply.apply(tokens.parts()))
    return identify(auth=auth, tokens=tokens, identity=identity, **given)
