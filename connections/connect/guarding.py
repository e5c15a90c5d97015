"""Says whether what a trip brought may become an account's grant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from connections.grants import has_twin, is_elsewhere
from connections.models import Reason
from integrations.catalog import place_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connections.connect.completing import Proven
    from connections.models import ConnectedAccount

# The same person, but another company, site or shop: an `error_code` of `Reason.IDENTITY_MISMATCH`.
ANOTHER_PLACE: Final = "another_place"


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """Why a grant is not the account's. ``actual``: what the person connected instead, in text."""

    reason: Reason
    error_code: str = ""
    actual: str = ""


def refusal_of(account: ConnectedAccount, proven: Proven) -> Refusal | None:
    """Return why ``proven`` may not become the grant of ``account``, which is locked.

    A reconnect renews what was connected: the same person's account, in the same company, site or
    shop. Else whoever has a link for it could lead the app's calls to a place of his own.
    """
    label = proven.identity.label if proven.identity else ""
    if account.identity_id and (
        proven.identity is None or proven.identity.id != account.identity_id
    ):
        return Refusal(reason=Reason.IDENTITY_MISMATCH, actual=label)
    if is_elsewhere(account, proven.parameters):
        return Refusal(
            reason=Reason.IDENTITY_MISMATCH,
            error_code=ANOTHER_PLACE,
            actual=place_told(account, proven.parameters),
        )
    if _is_there_already(account, proven):
        return Refusal(reason=Reason.ALREADY_CONNECTED, actual=label)
    return None


def place_told(account: ConnectedAccount, values: Mapping[str, str]) -> str:
    """Return of where an account is what people give, and so recognise: a host, not an id."""
    parameters = account.auth_config.catalog_entry.connection_parameters
    place = place_of(parameters, values)
    told = (value for name, value in place.items() if parameters[name].source == "person")
    return ", ".join(told)[:255]


def _is_there_already(account: ConnectedAccount, proven: Proven) -> bool:
    """Whether the entity has a live grant of that same account; a reconnect only renews its own."""
    if account.identity_id or proven.identity is None or not proven.identity.id:
        return False
    return has_twin(account, identity_id=proven.identity.id, parameters=proven.parameters)
