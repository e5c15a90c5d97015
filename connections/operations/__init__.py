"""What can be done to accounts: each a keyword-only function that commits its change whole."""

from connections.operations.deleting import delete_account
from connections.operations.entities import update_entity
from connections.operations.linking import link_account, reconnect_account
from connections.operations.mailing import send_reconnect_mail
from connections.operations.revoking import revoke_account
from connections.operations.switching import disable_account, enable_account
from connections.operations.trying import try_again

__all__ = [
    "delete_account",
    "disable_account",
    "enable_account",
    "link_account",
    "reconnect_account",
    "revoke_account",
    "send_reconnect_mail",
    "try_again",
    "update_entity",
]
