"""A canary per key: tells at start-up whether the configured keys sealed this database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from integrations.models.key_canary import KeyCanary
from integrations.secrets.keyring import SealingError, key_ids
from integrations.secrets.secret import Secret

if TYPE_CHECKING:
    from datetime import datetime

CANARY_TEXT = "evergrant canary"


@dataclass(frozen=True, kw_only=True)
class KeyTrouble:
    """One reason why the configured keys must not be used on this database."""

    key_id: str
    explanation: str
    hint: str = "Put the key that is missing back into FIELD_ENCRYPTION_KEYS; the first one seals."


def find_key_trouble() -> list[KeyTrouble]:
    """Compare the configured keys with the database's canaries; plant those that are missing.

    A key that the database does not know is planted only when every known key is there and opens:
    then it is a key being added, not a wrong one.
    """
    configured = key_ids()
    canaries = list(KeyCanary.objects.order_by("created_at"))
    trouble = [found for canary in canaries if (found := trouble_with(canary, configured))]
    if not trouble:
        known = {canary.key_id for canary in canaries}
        _plant([name for name in configured if name not in known])
    return trouble


def trouble_with(canary: KeyCanary, configured: list[str]) -> KeyTrouble | None:
    """Return why the keys ``configured``, the sealing one first, do not go with ``canary``."""
    if canary.retired_at is not None:
        return _trouble_with_retired(canary, configured)
    if canary.key_id not in configured:
        explanation = "Data in this database is sealed with a key that is not configured."
        return KeyTrouble(key_id=canary.key_id, explanation=explanation)
    try:
        intact = canary.text.reveal() == CANARY_TEXT
    except SealingError:
        intact = False
    if intact:
        return None
    return KeyTrouble(key_id=canary.key_id, explanation="The canary of this key does not open.")


def retire(*, key_id: str, now: datetime) -> None:
    """Note that ``key_id`` seals nothing here and must not seal again.

    From then on the service starts without it. The row stays: a process that still has the old
    list, with this key in front, would seal what the others cannot open.
    """
    KeyCanary.objects.update_or_create(
        key_id=key_id,
        defaults={"retired_at": now},
        create_defaults={"retired_at": now, "text": Secret(CANARY_TEXT)},
    )


def _trouble_with_retired(canary: KeyCanary, configured: list[str]) -> KeyTrouble | None:
    # Behind another key it does no harm, and is there until every process has the new list.
    if configured[0] != canary.key_id:
        return None
    return KeyTrouble(
        key_id=canary.key_id,
        explanation="The first of FIELD_ENCRYPTION_KEYS, which seals, was retired.",
        hint="Put another key in front: whoever has left this one out cannot open what it seals.",
    )


def _plant(names: list[str]) -> None:
    # Only the first key seals, so a canary of another key appears when that key comes first.
    if names and names[0] == key_ids()[0]:
        KeyCanary.objects.get_or_create(key_id=names[0], defaults={"text": Secret(CANARY_TEXT)})
