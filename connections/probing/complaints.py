"""Has a status proven because somebody says that the service refused its token."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.db.models import Q

from connections.models import ConnectedAccount, Status

if TYPE_CHECKING:
    from datetime import datetime

# However many complain, an account is asked about once in that time.
PAUSE: Final = timedelta(minutes=1)


def prove_soon(*, account_id: str, generation: int, now: datetime) -> bool:
    """Have the account's status proven ``now``, for a token that no refresh can prove.

    Nothing is believed of whoever complains: a probe asks the provider.

    Args:
        generation: of the credentials that were refused.

    Returns:
        Whether the proof was brought forward; not where one was made within a minute or is due,
        and not where the account or its credentials have changed.
    """
    rows = ConnectedAccount.objects.filter(
        Q(probe_at__isnull=True) | Q(probe_at__gt=now),
        Q(probed_at__isnull=True) | Q(probed_at__lte=now - PAUSE),
        pk=account_id,
        status=Status.ACTIVE,
        grant_generation=generation,
    )
    return bool(rows.update(probe_at=now))
