"""What ``manage.py keys`` tells an operator to do after each step.

No function here is given a key but `added`, and that one only where no file took it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from integrations.secrets.resealing import Outcome
    from integrations.secrets.rotation import Step

VARIABLE = "FIELD_ENCRYPTION_KEYS"
RESTART = "Restart every process that uses this database: web servers, workers, commands, shells."


def added(step: Step) -> str:
    """Say where the new key is and how it gets everywhere."""
    if step.key is not None:
        head = f"Key {step.key_id} was made. This once it is shown; it stands nowhere else:"
        return "\n\n".join(
            [
                head,
                f"    {step.key.reveal()}",
                _numbered(
                    f"Append it to {VARIABLE}, after a comma, wherever a process is started.",
                    RESTART,
                    f"manage.py keys promote {step.key_id}",
                ),
            ]
        )
    head = f"Key {step.key_id} was made and is the last of the list: it opens, and does not seal."
    return f"{head}\n\n" + _numbered(
        _spread(step), RESTART, f"manage.py keys promote {step.key_id}"
    )


def promoted(step: Step, before: Sequence[str]) -> str:
    """Say how the new order gets everywhere."""
    after = sorted(before, key=lambda name: name != step.key_id)
    head = f"Key {step.key_id} goes first: each process seals with it from its next start on."
    change = _spread(step) or (
        f"Move the {_ordinal(before, step.key_id)} key of {VARIABLE} to the front, wherever a "
        f"process is started: {', '.join(before)} becomes {', '.join(after)}."
    )
    return f"{head}\n\n" + _numbered(change, RESTART, "manage.py keys reseal")


def resealed(outcome: Outcome, first: str) -> str:
    """Say what was done, and which texts do not open."""
    lines = [
        f"{found.place} {found.pk} does not open: {found.reason}" for found in outcome.unopened
    ]
    lines += [f"{place}: {count:,} re-sealed" for place, count in outcome.resealed.items() if count]
    if not outcome.left:
        lines.append(f"Every text in the database is sealed with key {first}.")
    return "\n".join(lines)


def retired(step: Step, before: Sequence[str]) -> str:
    """Say how the key leaves the list, and that backups still need it."""
    head = (
        f"Key {step.key_id} was retired: the service starts without it, and not with it in front."
    )
    keep = "Keep the key for as long as there are backups from before: they are sealed with it."
    if step.key_id not in before:
        return f"{head}\n{keep}"
    change = _spread(step) or (
        f"Take the {_ordinal(before, step.key_id)} key ({step.key_id}) out of {VARIABLE}, "
        "wherever a process is started."
    )
    return f"{head}\n{keep}\n\n" + _numbered(change, "Restart the processes when it suits.")


def _spread(step: Step) -> str:
    if step.changed is not None:
        return f"Copy {step.changed} to every host that has one of its own."
    if step.handed_over is not None:
        return (
            f"Make what is in {step.handed_over} the value of {VARIABLE}, wherever a process is "
            "started; then remove the file."
        )
    return ""


def _numbered(*steps: str) -> str:
    return "\n".join(f"{number}. {step}" for number, step in enumerate(steps, start=1))


def _ordinal(names: Sequence[str], name: str) -> str:
    number = names.index(name) + 1
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number, 'th') }"
