"""What the overview is measured with: a day of refreshes, events, and each block by itself."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from django.contrib.auth import get_user_model
from django.db import connection
from django.utils import timezone

from config.dashboard import BLOCKS
from config.dashboard.viewer import Viewer
from connections.tallies import fold, recount
from integrations.models import AuthConfig
from tests.bench import seeding

# A minute's rows of each auth config, as a worker leaves them before they are folded.
_REFRESHES: Final = """
INSERT INTO connections_refreshtally (project_id, auth_config_id, at, outcome, count, last_at)
SELECT project_id, id, date_bin('1 minute', moment, '2000-01-01 00:00:00+00'), outcome, share,
       moment
FROM integrations_authconfig,
     generate_series(now() - interval '1 day', now(), interval '1 minute') AS moment,
     (VALUES ('stored', 78), ('transient', 1)) AS told(outcome, share)
"""


def fill(*, events: int) -> None:
    """Tally accounts that were made without triggers; make refreshes of a day, and events."""
    recount()
    with connection.cursor() as cursor:
        cursor.execute(_REFRESHES)
    fold(now=timezone.now())
    for number, config in enumerate(AuthConfig.objects.order_by("pk")):
        seeding.make_events(config=config, number=number, count=events)


def blocks() -> dict[str, Callable[[], None]]:
    """Return what makes each block, by its name in the figures."""
    return {f"dashboard.{name}": partial(_make, name) for name in BLOCKS}


def _make(name: str) -> None:
    """Make one block with facts that nobody has read before."""
    operator = get_user_model().objects.get(username="operator")
    list(map(str, BLOCKS[name](Viewer(operator, now=timezone.now())).values()))
