"""The slug of a described service, by which accounts, links and lists know it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.utils.text import slugify

from integrations.catalog import slugs

if TYPE_CHECKING:
    from collections.abc import Collection

LONGEST: Final = 64
# What is behind it keeps apart those that would have one slug.
_LONGEST_STEM: Final = 56


def slug_for(name: str, *, taken: Collection[str]) -> str:
    """Return a slug made of ``name``: neither one of the catalog's nor one that is ``taken``."""
    stem = slugify(name)[:_LONGEST_STEM].strip("-_") or "service"
    used = slugs() | set(taken)
    if stem in slugs():
        stem = f"{stem}-own"
    slug, number = stem, 1
    while slug in used:
        number += 1
        slug = f"{stem}-{number}"
    return slug
