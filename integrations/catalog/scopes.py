"""A service's scopes: their names, which of them are the same, and what they say to people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integrations.catalog.base import CatalogModel

if TYPE_CHECKING:
    from collections.abc import Iterable


class Scopes(CatalogModel):
    """What a toolkit's file says of scopes."""

    scope_separator: str = " "
    scope_parameter: str = "scope"
    default_scopes: list[str] = []
    scope_descriptions: dict[str, str] = {}
    scope_aliases: dict[str, str] = {}
    # With it or without, a scope is the same.
    scope_prefix: str = ""
    # Those that no token answer repeats, though they were granted: no scopes of an access token.
    unlisted_scopes: list[str] = ["offline_access"]

    def missing_scopes(self, *, wanted: Iterable[str], granted: Iterable[str]) -> list[str]:
        """Return which of the scopes ``wanted`` a token answer would list and did not.

        Args:
            granted: those that it listed.
        """
        return self.scopes_outside([*granted, *self.unlisted_scopes], scopes=wanted)

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

    def describe_scope(self, scope: str) -> str:
        """Return ``scope`` in plain words where the catalog has them, by whichever of its names."""
        words = self.scope_descriptions
        same = (name for name in words if self.granted_name(name) == self.granted_name(scope))
        return words.get(scope) or words.get(next(same, ""), scope)

    def granted_names(self, scopes: Iterable[str]) -> set[str]:
        """Return the names that ``scopes`` are compared by."""
        return {self.granted_name(scope) for scope in scopes}
