"""What probes tell about the provider's API itself: its breakers, and the gate that minds them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connections.probing.finding import Dead, Renewed, Unknown
from connections.refresh import breakers
from connections.refresh.endpoints import calls_former_home, origin_of
from connections.refresh.gate import Gate
from integrations.catalog import is_outage
from integrations.schemes import RefusalKind, Refused

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from connections.probing.finding import Finding
    from integrations.catalog import Toolkit
    from integrations.models import AuthConfig

# It did its work. Where it did so by refusing the token, that may be doubted.
_REFUSED = Refused(kind=RefusalKind.TERMINAL, error_code="", http_status=401)
_ANSWERED = Refused(kind=RefusalKind.CONFIGURATION, error_code="", http_status=403)


def breaker_names(auth_config: AuthConfig) -> tuple[str, str]:
    """Return the names of the breakers of the identity call's origin, and of the client there.

    They are not those of token calls, even at one host: a provider's API may be down, or have had
    enough of a client, while its token endpoint works. No probe keeps a refresh from being made.
    """
    origin = origin_of(auth_config, _identifying)
    return f"{origin} (identity)", f"{auth_config.client_holder_id} (identity)"


def is_of_former_home(finding: Finding) -> bool:
    """Whether it was a former client's home that was asked, for which no breaker stands."""
    probe = finding.probe
    return calls_former_home(probe.auth_config, probe.oauth_client_id, address=_identifying)


def _identifying(toolkit: Toolkit) -> str:
    return toolkit.identity.url if toolkit.identity else toolkit.token_url


# A token is asked about, not a client: neither its block nor the rates of token calls concern it.
gate = Gate(names=breaker_names, as_client=False)


def note_findings(findings: Iterable[Finding], *, troubled: Iterable[str], now: datetime) -> None:
    """Open and close breakers by what probes brought.

    Args:
        troubled: names of the breakers known not to be at rest.
    """
    answers = [
        (finding.probe.auth_config, _verdict(finding))
        for finding in findings
        # A refresh has told about the token endpoint already.
        if not isinstance(finding, Renewed)
    ]
    breakers.note_answers(answers, troubled=troubled, names=breaker_names, now=now)


def _verdict(finding: Finding) -> Refused:
    """Return what ``finding`` says of the endpoint, in the words of token calls."""
    if is_of_former_home(finding):
        return breakers.UNASKED
    if not isinstance(finding, Unknown):
        return _REFUSED if isinstance(finding, Dead) else _ANSWERED
    garbage = finding.error_code == "malformed_body"
    if finding.http_status is not None and not is_outage(finding.http_status) and not garbage:
        return _ANSWERED
    return Refused(
        kind=RefusalKind.TRANSIENT,
        error_code=finding.error_code,
        http_status=finding.http_status,
        retry_after=finding.retry_after,
    )
