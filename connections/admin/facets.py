"""Ways through the list of accounts: what people look for, and what it is narrowed by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.contrib.admin import SimpleListFilter
from django.contrib.admin.views.main import SEARCH_VAR

from connections.models import Status
from integrations.admin.places import PlacedList

if TYPE_CHECKING:
    from collections.abc import Iterator

_VIEWS: Final[tuple[tuple[str, dict[str, str]], ...]] = (
    ("All", {}),
    ("Active", {"status": Status.ACTIVE}),
    ("Expired", {"status": Status.EXPIRED}),
    ("Refresh failing", {"refreshing": "failing"}),
    ("Expiring soon", {"ends": "14"}),
    ("Waiting", {"status": Status.INITIATED}),
    ("Disabled", {"status": Status.INACTIVE}),
    ("Revoked", {"status": Status.REVOKED}),
)
_VIEWED: Final = ("status", "refreshing", "ends")


@dataclass(frozen=True, kw_only=True)
class Way:
    """A link that changes what the list shows. ``what``: which filter it is of."""

    label: str
    url: str
    chosen: bool = False
    what: str = ""


class AccountList(PlacedList):
    """The list with its ways."""

    def ways(self) -> list[Way]:
        """Return what people look for most; other filters and the search stay."""
        now = {name: self.params[name] for name in _VIEWED if self.params.get(name)}
        nothing: dict[str, str | None] = dict.fromkeys(_VIEWED)
        return [
            Way(label=label, url=self.get_query_string(nothing | wanted), chosen=now == wanted)
            for label, wanted in _VIEWS
        ]

    def narrowed_by(self) -> list[Way]:
        """Return each filter that the ways do not show, with the link that takes it away."""
        shown = any(way.chosen for way in self.ways())
        chips = list(self._chips(hidden=_VIEWED if shown else ()))
        if self.query:
            url = self.get_query_string({SEARCH_VAR: None})
            chips.append(Way(what="Search", label=self.query, url=url))
        return chips

    def _chips(self, *, hidden: tuple[str, ...]) -> Iterator[Way]:
        for spec in self.filter_specs:
            name = _parameter(spec)
            chosen = self.params.get(name, "")
            if chosen and name not in hidden:
                url = self.get_query_string({name: None})
                label = dict(_choices(spec)).get(chosen, chosen)
                yield Way(what=str(spec.title).capitalize(), label=label, url=url)


def _parameter(spec: Any) -> str:
    name = spec.parameter_name if isinstance(spec, SimpleListFilter) else spec.lookup_kwarg
    return str(name)


def _choices(spec: Any) -> list[tuple[str, str]]:
    return [(str(key), str(label)) for key, label in spec.lookup_choices]
