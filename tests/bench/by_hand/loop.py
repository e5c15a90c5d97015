"""``python -m tests.bench.by_hand.loop PART OF``: refreshes what runs out, one after the other.

Several of them share the work by primary key.
"""

from __future__ import annotations

import os
import sys
import time
from datetime import timedelta

import django

MARGIN = timedelta(minutes=15)


def main(part: int, of: int) -> None:
    """Refresh until killed."""
    django.setup()
    from authlib.integrations.requests_client import (  # noqa: PLC0415
        OAuth2Session,
    )
    from django.db.models import F  # noqa: PLC0415 - needs Django set up
    from django.db.models.functions import Mod  # noqa: PLC0415
    from django.utils import timezone  # noqa: PLC0415

    from tests.bench.by_hand.models import Grant  # noqa: PLC0415
    from tests.bench.by_hand.views import CLIENT  # noqa: PLC0415

    mine = Grant.objects.annotate(part=Mod(F("pk"), of)).filter(part=part)
    while True:
        for grant in mine.filter(expires_at__lt=timezone.now() + MARGIN):
            session = OAuth2Session(*CLIENT)
            tokens = session.refresh_token(
                os.environ["TOKEN_URL"], refresh_token=grant.refresh_token
            )
            grant.access_token = tokens["access_token"]
            grant.refresh_token = tokens["refresh_token"]
            grant.refreshed_at = timezone.now()
            grant.expires_at = grant.refreshed_at + timedelta(seconds=tokens["expires_in"])
            grant.generation += 1
            grant.save()
        time.sleep(0.05)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
