"""How a trip to the provider ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connections.models import ConnectedAccount, ConnectLink, Reason


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """``reason`` says why; ``actual_identity`` whose account it was, if the wrong one."""

    link: ConnectLink
    account: ConnectedAccount
    succeeded: bool
    reason: Reason
    actual_identity: str = ""
