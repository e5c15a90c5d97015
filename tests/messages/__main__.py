"""Brings the catalogs up to date, compiles them, and tells what is left to translate."""

import sys

import django

django.setup()

from tests.messages.catalogs import (  # noqa: E402 - reads the settings
    CODES,
    bring_up_to_date,
    is_translated,
    place,
    texts_of,
)
from tests.messages.extracting import ROOT  # noqa: E402 - reads the settings

for code in CODES:
    messages = texts_of(bring_up_to_date(code)).values()
    left = [message.id for message in messages if not is_translated(message)]
    head = f"{place(code, 'po').relative_to(ROOT)}: {len(messages)} texts, {len(left)} to translate"
    sys.stdout.write("\n".join([head, *(f"  {text!r}" for text in left)]) + "\n")
