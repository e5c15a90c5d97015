"""A canary per key: tells at start-up whether the configured keys sealed this database."""

from __future__ import annotations

from dataclasses import dataclass

from integrations.models.key_canary import KeyCanary
from integrations.secrets.keyring import SealingError, key_ids
from integrations.secrets.secret import Secret

CANARY_TEXT = "evergrant canary"


@dataclass(frozen=True, kw_only=True)
class KeyTrouble:
    """One reason why the configured keys must not be used on this database."""

    key_id: str
    explanation: str


def find_key_trouble() -> list[KeyTrouble]:
    """Compare the configured keys with the database's canaries; plant those that are missing.

    A key that the database does not know is planted only when every known key is there and opens:
    then it is a key being added, not a wrong one.
    """
    configured = key_ids()
    canaries = list(KeyCanary.objects.order_by("created_at"))
    trouble = [found for canary in canaries if (found := _trouble_with(canary, configured))]
    if not trouble:
        known = {canary.key_id for canary in canaries}
        _plant([name for name in configured if name not in known])
    return trouble


def _trouble_with(canary: KeyCanary, configured: list[str]) -> KeyTrouble | None:
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


def _plant(names: list[str]) -> None:
    # Only the first key seals, so a canary of another key appears when that key comes first.
    if names and names[0] == key_ids()[0]:
        KeyCanary.objects.get_or_create(key_id=names[0], defaults={"text": Secret(CANARY_TEXT)})
