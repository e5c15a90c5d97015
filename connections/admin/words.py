"""How accounts look wherever they are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connections.wording import STATUS_TONES
from integrations.admin.marks import Tone, badge

if TYPE_CHECKING:
    from django.utils.safestring import SafeString

    from connections.models import ConnectedAccount


def status_badge(account: ConnectedAccount) -> SafeString:
    """Return the account's status, coloured."""
    return badge(account.get_status_display(), Tone(STATUS_TONES[account.status]))
