"""Adds, promotes and retires a key. Re-sealing lies between the last two.

A process reads its keys when it starts, so no process may meet a text sealed with a key that it
was not started with. A new key is therefore added last, where it opens and does not seal; every
process is started with it; then it is moved to the front. Each step refuses while the one before
is not done everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from integrations.models.key_canary import KeyCanary
from integrations.secrets import canary, guards
from integrations.secrets.guards import StepRefused
from integrations.secrets.keyring import configured_value, key_id, key_ids, new_key
from integrations.secrets.keys_file import keys_file, write_new_file

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from integrations.secrets.secret import Secret


@dataclass(frozen=True, kw_only=True)
class Step:
    """What was done, and where the changed list of keys is.

    Attributes:
        changed: the file that the processes read, which holds the changed list now. None where an
            operator has to change something.
        handed_over: a new file that holds the changed list.
        key: a new key that stands nowhere yet.
    """

    key_id: str
    changed: Path | None = None
    handed_over: Path | None = None
    key: Secret | None = None


def add_key(*, to: Path | None = None, may_show: bool = False) -> Step:
    """Make a new key and put it last, where it opens and does not seal.

    Args:
        to: a new file for the whole changed list, for handing it over.
        may_show: whether a person, and no log, reads what the caller writes.

    Raises:
        StepRefused: another key waits already, the keys do not go with the database, or there is
            no safe way to hand the key over.
        KeysFileUnusable: the list could not be written.
    """
    guards.refuse_trouble()
    for name in key_ids()[1:]:
        if not KeyCanary.objects.filter(pk=name).exists():
            raise StepRefused(f"Key {name} was added and waits: promote it, or retire it.")
    if not (to or keys_file() or may_show):
        raise StepRefused(
            "No file is known that the keys come from, and a key must not get into a log: "
            "use a terminal, or --to FILE."
        )
    key = new_key()
    step = _hand_over(key_id(key.reveal()), configured_value(added=key), to)
    return step if step.changed or step.handed_over else Step(key_id=step.key_id, key=key)


def promote_key(*, name: str, to: Path | None = None, ignore_connections: bool = False) -> Step:
    """Move the key ``name`` to the front of the list, where it seals from the next start on.

    Raises:
        StepRefused: it is not configured, seals already, was retired, the keys do not go with the
            database, or a process is connected that was started without it.
        KeysFileUnusable: as `add_key`.
    """
    if name not in key_ids():
        raise StepRefused(f"Key {name} is not configured.")
    if name == key_ids()[0]:
        raise StepRefused(f"Key {name} is the first and seals already.")
    if KeyCanary.objects.filter(pk=name, retired_at__isnull=False).exists():
        raise StepRefused(f"Key {name} was retired: add a new one.")
    guards.refuse_trouble()
    if not ignore_connections:
        guards.refuse_processes_without(name)
    return _hand_over(name, configured_value(first=name), to)


def retire_key(
    *,
    name: str,
    now: datetime,
    to: Path | None = None,
    give_up: bool = False,
    ignore_connections: bool = False,
) -> Step:
    """Take the key ``name``, which seals nothing any more, out of the list for good.

    Where the list cannot be written it is retired all the same: the service starts without it.

    Args:
        give_up: retire it although texts are left, where none of them can be opened.

    Raises:
        StepRefused: it is the first, it is unknown or was retired, a process is connected that
            seals with it, or texts are sealed with it.
        KeysFileUnusable: as `add_key`.
    """
    known = KeyCanary.objects.filter(pk=name).first()
    if key_ids()[:1] == [name]:
        raise StepRefused(f"Key {name} is the first and seals: promote another one before.")
    if name not in key_ids() and known is None:
        raise StepRefused(f"Key {name} is neither configured nor known to this database.")
    if name not in key_ids() and known is not None and known.retired_at is not None:
        raise StepRefused(f"Key {name} was retired before.")
    if not ignore_connections:
        guards.refuse_processes_sealing_with(name)
    guards.refuse_texts(name, give_up=give_up)
    canary.retire(key_id=name, now=now)
    if name not in key_ids():
        return Step(key_id=name)
    return _hand_over(name, configured_value(without=name), to)


def _hand_over(name: str, value: Secret, to: Path | None) -> Step:
    """Write the changed list to ``to``, or to the file that the processes read, if there is one."""
    if to is not None:
        write_new_file(to, value)
        return Step(key_id=name, handed_over=to)
    file = keys_file()
    if file is None:
        return Step(key_id=name)
    file.write(value)
    return Step(key_id=name, changed=file.path)
