"""The stylesheet that carries a project's colours: a file of its own, for want of inline styles."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from integrations.branding.colors import colors_from

if TYPE_CHECKING:
    from integrations.branding.colors import Scheme

_SHEET: Final = """/* Colours of a project's pages, made from {accent}. */
:root, .scheme-light {{
{light}}}

@media (prefers-color-scheme: dark) {{
  :root {{
{dark_nested}  }}
}}

.scheme-dark {{
{dark}}}
"""


@lru_cache(maxsize=1024)
def stylesheet(accent: str) -> str:
    """Return the CSS for an accent colour, ``#rrggbb``. The same colour gives the same text.

    The classes at the end are for pages that show both schemes side by side.
    """
    colors = colors_from(accent)
    return _SHEET.format(
        accent=accent,
        light=_properties(colors.light, "  "),
        dark_nested=_properties(colors.dark, "    "),
        dark=_properties(colors.dark, "  "),
    )


@lru_cache(maxsize=1024)
def digest_of(accent: str) -> str:
    """Return what the stylesheet's address carries: another text has another address."""
    return hashlib.sha256(stylesheet(accent).encode()).hexdigest()[:16]


def properties_of(scheme: Scheme) -> dict[str, str]:
    """Return the CSS custom properties of one scheme by name."""
    return {
        "--accent": scheme.accent,
        "--accent-strong": scheme.accent_strong,
        "--on-accent": scheme.on_accent,
        "--accent-text": scheme.accent_text,
        "--accent-soft": scheme.accent_soft,
        "--project": scheme.accent,
        "--on-project": scheme.on_accent,
    }


def _properties(scheme: Scheme, indent: str) -> str:
    return "".join(f"{indent}{name}: {value};\n" for name, value in properties_of(scheme).items())
