"""The watch, which the job runner's task and the command have in common, works jobs off."""

from __future__ import annotations

import threading

import pytest
from django.db import connection

from connections import tasks
from connections.models.bulk import JobState, Kind
from integrations.models import AuthConfig
from tests.bulk import crowd, fresh, staff_of, start
from tests.faults.processes import until


@pytest.mark.django_db(transaction=True)
def test_the_job_runners_task_works_a_job_off(
    auth_config: AuthConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    crowd(auth_config, 2)
    job = start(Kind.LINK, staff_of(auth_config), status="ACTIVE")
    # It ends when the job runner does, or after that time.
    monkeypatch.setattr(tasks, "WATCH_SECONDS", 5)

    def run() -> None:
        tasks.watch_refreshes()
        connection.close()

    watch = threading.Thread(target=run)
    watch.start()
    until(lambda: fresh(job).state == JobState.DONE)
    watch.join()
    assert fresh(job).done == 2
