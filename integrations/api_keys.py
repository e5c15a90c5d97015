"""Replaces and revokes API keys."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.db import transaction

from integrations.errors import ApiKeyOver
from integrations.models import ApiKey
from integrations.secrets import Secret

if TYPE_CHECKING:
    from datetime import datetime

# For how long a key that was replaced still works: the app's servers are restarted meanwhile.
OVERLAP: Final = timedelta(hours=24)


def revoke_key(*, key: ApiKey, now: datetime) -> bool:
    """Make the key worthless from now on; False where it was already."""
    return bool(ApiKey.objects.filter(pk=key.pk, revoked_at__isnull=True).update(revoked_at=now))


@transaction.atomic
def replace_key(*, key: ApiKey, now: datetime) -> Secret:
    """Return the text of a new key that may do the same; ``key`` works until `OVERLAP` is over.

    A key that ends gets a successor with a life as long as its own was.

    Raises:
        ApiKeyOver: it is revoked or has expired, and nothing that may the same comes of it.
    """
    # Somebody may revoke it at this moment.
    key = ApiKey.objects.select_for_update(of=("self",)).select_related("project").get(pk=key.pk)
    if not key.is_valid(now=now):
        raise ApiKeyOver
    life = key.expires_at - key.created_at if key.expires_at else None
    successor = ApiKey(
        project=key.project,
        name=key.name,
        scopes=list(key.scopes),
        expires_at=now + life if life else None,
    )
    text = Secret(successor.issue())
    end = min(key.expires_at or now + OVERLAP, now + OVERLAP)
    ApiKey.objects.filter(pk=key.pk).update(expires_at=end)
    return text
