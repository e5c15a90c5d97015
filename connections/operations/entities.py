"""What the app tells of its users."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connections.models import Entity


def update_entity(*, entity: Entity, changes: Mapping[str, str]) -> Entity:
    """Write ``changes`` to the entity's ``tenant_id``, ``email`` and ``language``; return it.

    Whoever has refused mails stays without, at a new address too.
    """
    for name, text in changes.items():
        setattr(entity, name, text)
    entity.save(update_fields=[*changes])
    return entity
