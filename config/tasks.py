"""What the job runner keeps of a failed task: type and places, like a log line.

django-q2 writes the exception's message and traceback into the task's row, which the admin shows,
and into the log. It has made a text of them before anybody can look, so the messages are cut out of
that text.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from django.dispatch import receiver
from django_q.signals import post_execute_in_worker

if TYPE_CHECKING:
    from collections.abc import Iterator

# Frames with their source lines, and the type that follows on the last one.
_TRACEBACK: Final = re.compile(
    r"(?P<frames>(?:^  (?:File \"[^\"\n]+\", line \d+, in .+|\[Previous line .+\])\n"
    r"(?:    .*\n)*)+)(?P<type>[\w.]+)",
    re.MULTILINE,
)


@receiver(post_execute_in_worker)
def forget_messages(sender: Any, task: dict[str, Any], **kwargs: Any) -> None:
    """Cut what exceptions said out of a failed task's result, before it is stored or logged."""
    if task.get("success") is False:
        task["result"] = without_messages(str(task["result"]))


def without_messages(text: str) -> str:
    """Return the tracebacks in ``text`` without the messages of their exceptions."""
    return "\n".join(_tracebacks(text)) or "failed"


def _tracebacks(text: str) -> Iterator[str]:
    for found in _TRACEBACK.finditer(text):
        yield f"Traceback (most recent call last):\n{found['frames']}{found['type']}"
