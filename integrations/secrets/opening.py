"""Whether a secret opens at all: one that does not must not be in the way of its replacement."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integrations.secrets.keyring import KeyUnknown, SealBroken

if TYPE_CHECKING:
    from integrations.secrets.secret import Secret


def if_it_opens(secret: Secret | None) -> Secret | None:
    """Return ``secret``, or None where there is none or nobody here can open it."""
    if secret is None:
        return None
    try:
        secret.reveal()
    except (KeyUnknown, SealBroken):
        return None
    return secret
