"""Small repairs of the theme's markup, where a whole template would be much to keep up with.

The theme has parts that only a mouse can press, icons whose letters a screen reader spells out,
and no main landmark. Each pair says what is written and what is put there instead.
"""

from __future__ import annotations

import re
from typing import Final

# Pressed by the keyboard as by the mouse.
_PRESSABLE: Final = (
    'role="button" tabindex="0" x-on:keydown.enter.prevent="$el.click()" '
    'x-on:keydown.space.prevent="$el.click()"'
)


def _pressable(click: str, *, label: str = "", opens: str = "") -> tuple[str, str]:
    """Return the pair that makes a button of what has ``click``; ``opens`` is true while open."""
    found = f'x-on:click="{click}"'
    more = f' aria-label="{label}"' if label else ""
    if opens:
        more += f' x-bind:aria-expanded="({opens}).toString()"'
    return found, f"{found} {_PRESSABLE}{more}"


REPAIRS: Final[tuple[tuple[str, str], ...]] = (
    ('<div id="main"', '<div id="main" role="main"'),
    ('<nav id="nav-sidebar-inner"', '<nav id="nav-sidebar-inner" aria-label="Console"'),
    # Each scrolling part is a landmark by the script that makes it scroll, and all have one name.
    (
        'class="h-0 grow overflow-auto" data-simplebar',
        'class="h-0 grow overflow-auto" data-simplebar data-simplebar-aria-label="All pages"',
    ),
    # For the sidebar: on a desk; and on a phone, to open and to close it.
    _pressable(
        "sidebarDesktopOpen = !sidebarDesktopOpen; localStorage.setItem('sidebarDesktopOpen', "
        "sidebarDesktopOpen ? '1' : '0');",
        label="Navigation",
        opens="sidebarDesktopOpen",
    ),
    _pressable("sidebarMobileOpen = !sidebarMobileOpen", label="Navigation"),
    _pressable("openUserLinks = !openUserLinks", opens="openUserLinks"),
    *(_pressable(f"switchTheme('{theme}')") for theme in ("light", "dark", "auto")),
)
# Of rows only: what opens the links of a row on a phone.
ROW_REPAIRS: Final[tuple[tuple[str, str], ...]] = (
    (
        "x-on:click='showActions = !showActions'",
        "x-on:click.prevent='showActions = !showActions' role='button' aria-label='Actions'",
    ),
)
# Of lists only.
LIST_REPAIRS: Final[tuple[tuple[str, str], ...]] = (
    _pressable("filterOpen = true", opens="filterOpen"),
    # As properties: a policy without inline styles allows no text of a style.
    (
        "x-bind:style=\"'width: ' + changeListWidth + 'px'\"",
        "x-bind:style=\"{width: changeListWidth + 'px'}\"",
    ),
    ('id="searchbar-submit"', 'id="searchbar-submit" aria-label="Search"'),
    (
        'data-simplebar data-simplebar-auto-hide="false"',
        'data-simplebar data-simplebar-auto-hide="false" data-simplebar-aria-label="Results"',
    ),
    (
        'data-simplebar data-simplebar-direction="rtl"',
        'data-simplebar data-simplebar-direction="rtl" data-simplebar-aria-label="Filters"',
    ),
)
# The icons are words of a font: "unfold_more".
_ICON: Final = re.compile(r'<span class="(?=[^"]*material-symbols-outlined)(?![^>]*(?:aria-|x-on))')


def repaired(markup: str) -> str:
    """Return the markup of a page's body as a keyboard and a screen reader can use it."""
    for found, put in (*REPAIRS, *ROW_REPAIRS, *LIST_REPAIRS):
        markup = markup.replace(found, put)
    return _ICON.sub('<span aria-hidden="true" class="', markup)
