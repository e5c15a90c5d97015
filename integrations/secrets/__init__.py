"""Secrets at rest and in hand.

``Secret`` is a value that cannot be shown by accident, ``SealedField`` stores one encrypted and
bound to its row, ``keyring`` holds the keys and checks at start-up that they are the right ones.
"""

from integrations.secrets.field import SealedField
from integrations.secrets.keyring import KeyUnknown, NoKeys, SealBroken
from integrations.secrets.opening import if_it_opens
from integrations.secrets.secret import Secret

__all__ = ["KeyUnknown", "NoKeys", "SealBroken", "SealedField", "Secret", "if_it_opens"]
