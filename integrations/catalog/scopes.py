"""A service's scopes: their names, which of them are the same, and what they say to people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from pydantic import model_validator

from integrations.catalog.base import CatalogModel, OneOrMore

if TYPE_CHECKING:
    from collections.abc import Iterable


class Scopes(CatalogModel):
    """What a toolkit's file says of scopes."""

    scope_separator: str = " "
    scope_parameter: str = "scope"
    default_scopes: list[str] = []
    scope_descriptions: dict[str, str] = {}
    scope_aliases: dict[str, str] = {}
    # Which scopes bring others along, so that token answers leave those out. A * at the end stands
    # for the same rest of the name on both sides.
    scope_implies: dict[str, OneOrMore[str]] = {}
    # With it or without, a scope is the same.
    scope_prefix: str = ""
    # Those that no token answer repeats, though they were granted: no scopes of an access token.
    unlisted_scopes: list[str] = ["offline_access"]

    @model_validator(mode="after")
    def _implies_by_one_kind_of_name(self) -> Self:
        for scope, implied in self.scope_implies.items():
            if {scope.endswith("*")} != {each.endswith("*") for each in implied}:
                raise ValueError(f"scope_implies has a * on one side only: {scope}")
        return self

    def missing_scopes(self, *, wanted: Iterable[str], granted: Iterable[str]) -> list[str]:
        """Return which of the scopes ``wanted`` a token answer would list and did not.

        Args:
            granted: those that it listed.
        """
        known = self.granted_names([*granted, *self.unlisted_scopes])
        return [scope for scope in wanted if known.isdisjoint(self._bringing(scope))]

    def scopes_outside(self, allowed: Iterable[str], *, scopes: Iterable[str]) -> list[str]:
        """Return which of ``scopes`` are not among those ``allowed``, by whichever name."""
        known = self.granted_names(allowed)
        return [scope for scope in scopes if self.granted_name(scope) not in known]

    def granted_name(self, scope: str) -> str:
        """Return the one of its names that ``scope`` is compared by."""
        bare = scope.removeprefix(self.scope_prefix)
        return self.scope_aliases.get(bare, bare)

    def names_of_scope(self, scope: str) -> list[str]:
        """Return every name under which the service may have granted ``scope``."""
        granted = self.granted_name(scope)
        bare = [n for n in (granted, *self.scope_aliases) if self.granted_name(n) == granted]
        return list(dict.fromkeys([*bare, *(f"{self.scope_prefix}{name}" for name in bare)]))

    def names_bringing(self, scope: str) -> list[str]:
        """Return every name under which the service may have granted ``scope`` or more than it."""
        return [name for each in self._bringing(scope) for name in self.names_of_scope(each)]

    def describe_scope(self, scope: str) -> str:
        """Return ``scope`` in plain words where the catalog has them, by whichever of its names."""
        words = self.scope_descriptions
        same = (name for name in words if self.granted_name(name) == self.granted_name(scope))
        return words.get(scope) or words.get(next(same, ""), scope)

    def granted_names(self, scopes: Iterable[str]) -> set[str]:
        """Return the names that ``scopes`` are compared by."""
        return {self.granted_name(scope) for scope in scopes}

    def _bringing(self, scope: str) -> list[str]:
        """Return what ``scope`` and those that bring it along are compared by."""
        name = self.granted_name(scope)
        found = [name]
        for broader, implied in self.scope_implies.items():
            rests = (_rest(self.granted_name(each), name) for each in implied)
            found += [
                self.granted_name(broader.removesuffix("*") + rest)
                for rest in rests
                if rest is not None
            ]
        return list(dict.fromkeys(found))


def _rest(pattern: str, name: str) -> str | None:
    """Return what of ``name`` the * of ``pattern`` stands for; None where it does not fit."""
    if pattern.endswith("*"):
        start = pattern.removesuffix("*")
        return name.removeprefix(start) if name.startswith(start) else None
    return "" if pattern == name else None
