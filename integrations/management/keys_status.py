"""What ``manage.py keys status`` writes, and what it says to do next."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from integrations.management.columns import aligned
from integrations.secrets.status import CanaryState

if TYPE_CHECKING:
    from collections.abc import Iterable

    from integrations.management.columns import Row
    from integrations.secrets.status import KeysStatus, KeyState


def as_text(status: KeysStatus) -> str:
    """Return tables of the keys, the texts and the processes, and what to do next."""
    tables = [
        [("key", "place", "canary", "texts"), *map(_of_key, status.keys)],
        [("texts in", "key", "count"), *_of_texts(status)],
    ]
    if status.connections:
        tables.append([("processes at", "keys", "connections", "since"), *_of_processes(status)])
    return "\n\n".join([*map(aligned, tables), f"Next: {next_step(status)}"])


def as_data(status: KeysStatus) -> dict[str, Any]:
    """Return the same for JSON; texts that are not sealed stand under the key ``""``."""
    return {
        "keys": [
            {
                "key_id": key.key_id,
                "position": key.position,
                "canary": key.canary,
                "retired_at": key.retired_at.isoformat() if key.retired_at else None,
                "texts": key.texts,
            }
            for key in status.keys
        ],
        "texts": {place: dict(counts) for place, counts in status.census.places.items()},
        "connections": [
            asdict(found) | {"since": found.since and found.since.isoformat()}
            for found in status.connections
        ],
        "trouble": status.trouble,
        "next": next_step(status),
    }


def next_step(status: KeysStatus) -> str:
    """Return the one thing to do now."""
    first = status.keys[0].key_id
    troubled = [key for key in status.keys if key.trouble]
    if troubled:
        return _repair(troubled[0])
    if status.unsealed:
        return f"`keys reseal` lists the rows of {status.unsealed:,} texts that are not sealed."
    if status.lacking:
        return f"restart the processes that were started without key {first}, which seals."
    steps = [step for key in status.keys[1:] if (step := _step_for(key, status))]
    return steps[0] if steps else "nothing. `keys add` begins a rotation."


def _repair(key: KeyState) -> str:
    if key.seals and key.canary is CanaryState.RETIRED:
        return f"put another key in front: {key.key_id} was retired."
    if key.canary is CanaryState.BROKEN:
        return f"find out who altered the canary of key {key.key_id}: it does not open."
    return f"put key {key.key_id} back, behind the others: {key.texts:,} texts need it."


def _step_for(key: KeyState, status: KeysStatus) -> str:
    if key.waiting:
        return f"restart every process, then `keys promote {key.key_id}`."
    left = status.census.of(key.key_id)
    if left.keys() & status.census.columns.keys():
        return "`keys reseal`."
    if left:
        return (
            f"wait: the {key.texts:,} texts of key {key.key_id} in {', '.join(left)} go with time."
        )
    return "" if key.position is None else _farewell(key, status)


def _farewell(key: KeyState, status: KeysStatus) -> str:
    if key.canary is CanaryState.RETIRED:
        return f"take key {key.key_id}, number {key.position} of the list, out of it."
    if any(found.seal_with(key.key_id) for found in status.connections):
        return f"restart the processes that still seal with key {key.key_id}."
    return f"`keys retire {key.key_id}`."


def _of_key(key: KeyState) -> Row:
    place = "not configured" if key.position is None else f"{key.position}"
    told = f"retired {key.retired_at:%F}" if key.retired_at else f"{key.canary}"
    return key.key_id, f"{place}, seals" if key.seals else place, told, f"{key.texts:,}"


def _of_texts(status: KeysStatus) -> Iterable[Row]:
    for place, counts in status.census.places.items():
        for key, count in counts.most_common() or [("-", 0)]:
            yield place, key or "not sealed", f"{count:,}"


def _of_processes(status: KeysStatus) -> Iterable[Row]:
    for found in status.connections:
        yield found.place, ",".join(found.key_ids), f"{found.count}", found.oldest
