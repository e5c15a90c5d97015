"""A proof to be made, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from connections.actors import WORKER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connections.actors import Actor
    from connections.models import Credentials
    from connections.refresh.claim import Claim
    from connections.refresh.work import Answer
    from integrations.models import AuthConfig
    from integrations.schemes import UpstreamIdentity


@dataclass(frozen=True, kw_only=True)
class Probe:
    """One account whose status is to be proven, as it was when it was claimed.

    ``failures``: probes in a row that brought no answer. ``refused_before``: the provider has
    refused this very token once already. ``lost``: the account expired because tokens were lost,
    and they were found; ``renewal`` is the refresh that proves them, in place of the identity call.
    ``asked_by``: who wants to know; the schedule asks through a worker.
    """

    account_id: str
    toolkit: str
    auth_config: AuthConfig
    parameters: Mapping[str, str]
    oauth_client_id: str
    credentials: Credentials
    identity_id: str
    failures: int
    refused_before: bool
    lost: bool = False
    renewal: Claim | None = None
    asked_by: Actor = WORKER

    @property
    def generation(self) -> int:
        """Of the credentials that are proven."""
        return self.credentials.generation


@dataclass(frozen=True, kw_only=True)
class Alive:
    """The provider took the token and named the account that is stored, or one nobody knew yet."""

    probe: Probe
    identity: UpstreamIdentity


@dataclass(frozen=True, kw_only=True)
class Dead:
    """The provider refused the access token.

    ``refreshable``: there is a refresh token, so the grant may live all the same.
    ``error_code`` is the provider's own, or ``http_401`` and the like.
    """

    probe: Probe
    error_code: str
    http_status: int
    refreshable: bool


@dataclass(frozen=True, kw_only=True)
class Unknown:
    """Nothing was learned about the token. ``retry_after``: the provider's wish, in seconds."""

    probe: Probe
    error_code: str
    http_status: int | None = None
    retry_after: float | None = None


@dataclass(frozen=True, kw_only=True)
class Renewed:
    """What the provider said to found tokens; whether it issued new ones is in ``answer``."""

    probe: Probe
    answer: Answer


Finding = Alive | Dead | Unknown | Renewed
