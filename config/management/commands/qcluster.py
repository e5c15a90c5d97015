"""``manage.py qcluster``: the job runner's own command, made to start and to stop at once.

As it comes, it starts scheduled tasks half a minute after itself, and on SIGTERM it waits for tasks
under way without telling them: a watch would go on for most of a minute, and a supervisor that
loses its patience would kill it amid a call. Here the schedules are due at the start, and the
watches are told to end.

Each worker looks after the journal of its host from its start on. The one task that does so as well
may be taken by another host, which cannot see what this one left when it was killed.
"""

from __future__ import annotations

import os
from datetime import timedelta
from types import FrameType
from typing import Any

from django.db import connections
from django.dispatch import receiver
from django.utils import timezone
from django_q.cluster import Cluster
from django_q.management.commands import qcluster
from django_q.models import Schedule
from django_q.scheduler import scheduler
from django_q.signals import post_spawn

from config.schedules import SCHEDULES
from connections.refresh import keeping
from integrations.stopping import announce_stop


class PromptCluster(Cluster):  # type: ignore[misc]
    """A cluster whose long tasks end with it, and that may be told to stop more than once."""

    told = False

    def sig_handler(self, signum: int, frame: FrameType | None) -> None:
        """Stop at the first signal; the next ones change nothing.

        A handler can be interrupted by another signal. Stopping twice at once would wait for a lock
        that the first time holds, for ever. Linux itself sends several: a leash (config/leash.py)
        gives its signal once for each thread of the process that ended.
        """
        if not self.told:
            self.told = True
            super().sig_handler(signum, frame)

    def stop(self) -> bool:
        """Announce the end to the workers, which were forked from this process, and wait."""
        announce_stop()
        return bool(super().stop())


class Command(qcluster.Command):  # type: ignore[misc]
    """Starts the job runner."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until SIGTERM or SIGINT."""
        if name := options.get("cluster_name"):
            os.environ["Q_CLUSTER_NAME"] = name
        start_schedules()
        cluster = PromptCluster()
        cluster.start()
        if options.get("run_once"):
            cluster.stop()


@receiver(post_spawn, dispatch_uid="keep_journal")
def keep_journal(**kwargs: Any) -> None:
    """Have the journal looked after in a process that waits for tasks; called in it."""
    keeping.keep_journal()


def start_schedules() -> None:
    """Put our scheduled tasks into the queue now."""
    rows = Schedule.objects.filter(name__in=[entry["name"] for entry in SCHEDULES])
    rows.update(next_run=timezone.now() - timedelta(seconds=1))
    scheduler()
    # The workers are forked from this process and must not share its connection.
    connections.close_all()
