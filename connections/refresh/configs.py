"""The auth configs that calls are made with, read only when their rows have changed."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Final

from integrations.models import AuthConfig

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_KEPT: Final = 1000
# By id: which version of the row, and what it holds, secrets sealed. Each step on it is atomic,
# so threads need no lock.
_kept: dict[str, tuple[str, AuthConfig]] = {}


def read_configs(versions: Mapping[str, str]) -> dict[str, AuthConfig]:
    """Return the configs by id; each is the caller's own copy.

    Args:
        versions: by id, what PostgreSQL calls the version of the row that is there now (its
            ``xmin`` and ``ctid``), and of its managed app's; every change of a row makes another.
    """
    known = {pk: _kept[pk] for pk in versions if pk in _kept}
    missing = [pk for pk, version in versions.items() if known.get(pk, ("",))[0] != version]
    if missing:
        read = AuthConfig.objects.select_related("managed_app").in_bulk(missing)
        new = {pk: (versions[pk], config) for pk, config in read.items()}
        if len(_kept) + len(new) > MOST_KEPT:
            _kept.clear()
        _kept.update(new)
        known |= new
    return {pk: copy.copy(config) for pk, (_, config) in known.items()}
