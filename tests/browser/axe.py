"""axe-core in a page: what it finds against WCAG 2.2 AA and good practice.

The script reaches the page by the browser's own tools, so the page's policy stays as it is.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import files
from typing import Any, Final

from playwright.sync_api import Page

PACKAGE: Final = "axe-playwright-python"
TAGS: Final = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
# What depends on colours; all else is as it is in the other scheme.
OF_COLOURS: Final = ("color-contrast", "link-in-text-block")
# Rules that are not run, each with the reason.
EXCUSED: Final[dict[str, str]] = {}
_RUN: Final = """async ({only, excused}) => {
  const rules = Object.fromEntries(excused.map((rule) => [rule, {enabled: false}]));
  const result = await axe.run(document, {runOnly: only, rules, resultTypes: ["violations"]});
  const why = ({any, all, none}) => [...any, ...all, ...none].map((check) => check.message);
  return result.violations.map(({id, nodes}) => [
    id, nodes.map((node) => [node.target.join(" "), why(node).join("; ")]),
  ]);
}"""


@cache
def script() -> str:
    """Return axe-core, as a package of the tests brings it."""
    [path] = [path for path in files(PACKAGE) or () if path.name == "axe.min.js"]
    return path.read_text()


def findings(page: Page, *, colours_only: bool) -> list[str]:
    """Return what axe finds on the page as it is now: rule, element, what is wrong."""
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(script())
    values = OF_COLOURS if colours_only else TAGS
    only = {"type": "rule" if colours_only else "tag", "values": list(values)}
    excused = [] if colours_only else list(EXCUSED)
    found: list[Any] = page.evaluate(_RUN, {"only": only, "excused": excused})
    return [f"{rule}: {where}: {why}" for rule, nodes in found for where, why in nodes]
