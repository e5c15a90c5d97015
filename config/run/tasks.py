"""Whether a worker works: a task is handed to the queue and its result waited for.

The worker opens no port and its heartbeats live in its own memory, so nothing less is a proof.
"""

import sys

import django

WAIT_SECONDS = 60
ANSWER = "ready"


def answer() -> str:
    """Return what proves that a worker ran this."""
    return ANSWER


def worker_answers() -> bool:
    """Return whether a worker ran a task within a minute. Needs Django set up."""
    from django_q.models import Task  # noqa: PLC0415 - needs Django set up
    from django_q.tasks import async_task, result  # noqa: PLC0415 - needs Django set up

    task = async_task("config.run.tasks.answer", group="readiness")
    answered: object = result(task, wait=WAIT_SECONDS * 1000)
    Task.objects.filter(group="readiness").delete()
    return answered == ANSWER


def main() -> int:
    """Return the exit code: 0 once a worker answered."""
    django.setup()
    return 0 if worker_answers() else 1


if __name__ == "__main__":
    sys.exit(main())
