"""Asks the provider, outside any transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from django.utils import timezone

from connections import vault
from connections.probing.finding import Alive, Dead, Finding, Renewed, Unknown
from connections.refresh.work import call_provider
from integrations.schemes import IdentityUnavailable, ProbeRejected, scheme_of
from integrations.secrets.keyring import SealingError

if TYPE_CHECKING:
    from connections.probing.finding import Probe
    from integrations.schemes import TokenSet

log = structlog.get_logger(__name__)


def probe(probe: Probe) -> Finding:
    """Find out whether a grant works. Touches no database and never raises.

    The toolkit's identity call with the access token tells, or, for found tokens, a refresh.
    """
    if probe.renewal is not None:
        return Renewed(probe=probe, answer=call_provider(probe.renewal))
    try:
        return _ask(probe, vault.open_grant(probe.credentials))
    except SealingError as error:
        # A wrong key is our trouble, not the grant's: no call, an alarm.
        code = type(error).__name__
        log.error(  # noqa: TRY400 - the type says it all
            "credentials_do_not_open", connected_account_id=probe.account_id, error=code
        )
        return Unknown(probe=probe, error_code="credentials_do_not_open")
    except Exception:
        log.exception("probe_crashed", connected_account_id=probe.account_id)
        return Unknown(probe=probe, error_code="internal_error")


def _ask(probe: Probe, tokens: TokenSet) -> Finding:
    scheme = scheme_of(probe.auth_config, probe.parameters, client_id=probe.oauth_client_id)
    try:
        found = scheme.identify(tokens=tokens, now=timezone.now())
    except ProbeRejected as error:
        return Dead(
            probe=probe,
            error_code=error.error_code or f"http_{error.http_status}",
            http_status=error.http_status,
            refreshable=tokens.refresh_token is not None,
        )
    except IdentityUnavailable as error:
        return Unknown(
            probe=probe,
            error_code=error.code,
            http_status=error.http_status,
            retry_after=error.retry_after,
        )
    if found is None:
        return Unknown(probe=probe, error_code="invalid_request")
    if found.id and probe.identity_id and found.id != probe.identity_id:
        # A token does not change hands: the catalog or the provider is wrong, and a person looks.
        log.error("probe_identity_differs", connected_account_id=probe.account_id)
        return Unknown(probe=probe, error_code="identity_differs", http_status=200)
    return Alive(probe=probe, identity=found)
