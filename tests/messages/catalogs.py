"""The catalogs on disk: one per language that is not English."""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path

from babel.messages import Catalog, Message
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings

from tests.messages.extracting import ROOT, TOOLKITS, template

FOLDER = ROOT / "connections/locale"
CODES = [code for code, _ in settings.LANGUAGES if code != settings.LANGUAGE_CODE]
WIDTH = 98
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|<[^>]+>")


def place(code: str, ending: str) -> Path:
    """Return where the catalog of a language is; ``ending`` is po (written) or mo (read)."""
    return FOLDER / code / "LC_MESSAGES" / f"django.{ending}"


def written(code: str) -> Catalog:
    """Return what translators wrote; an empty catalog of the language where there is none."""
    path = place(code, "po")
    if not path.exists():
        return Catalog(locale=code, fuzzy=False)
    return read_po(BytesIO(path.read_bytes()), locale=code)


def compiled(code: str) -> Catalog:
    """Return what Django reads."""
    return read_mo(BytesIO(place(code, "mo").read_bytes()))


def bring_up_to_date(code: str) -> Catalog:
    """Write the catalog anew: with every text that there is now, and none that is gone."""
    catalog, texts = written(code), template()
    # A new date at each run would be a change of nothing.
    texts.creation_date = catalog.creation_date
    catalog.update(texts, no_fuzzy_matching=True)
    catalog.obsolete.clear()
    path = place(code, "po")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, catalog, width=WIDTH, include_lineno=False, ignore_obsolete=True)
    with place(code, "mo").open("wb") as file:
        write_mo(file, catalog)
    return catalog


def texts_of(catalog: Catalog) -> dict[tuple[object, object], Message]:
    """Return the messages by text and context, without the header."""
    found = (message for message in catalog if message.id)
    return {(_hashable(message.id), message.context): message for message in found}


def is_translated(message: Message) -> bool:
    """Whether it has a translation, of every plural."""
    forms = message.string if isinstance(message.string, tuple | list) else (message.string,)
    return all(forms) and not message.fuzzy


def is_optional(message: Message) -> bool:
    """Whether it is a toolkit's own text, which is shown in English where nobody translated it."""
    return [path for path, _line in message.locations] == [TOOLKITS]


def placeholders(text: str) -> frozenset[str]:
    """Return what a translation has to hold as well: names to fill in, and markup."""
    return frozenset(PLACEHOLDER.findall(text))


def _hashable(text: object) -> object:
    return tuple(text) if isinstance(text, list) else text
