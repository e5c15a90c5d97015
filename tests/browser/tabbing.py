"""A page by the Tab key: which controls it does not reach, and where its place is not seen.

The keys are real. What they did is noted in the page itself, so that a stop costs one key.
"""

from __future__ import annotations

from typing import Any, Final

from playwright.sync_api import Page

# Controls that the Tab key need not reach, by their selector, each with the reason.
EXCUSED: Final = {".select2-hidden-accessible": "a control of the theme's stands in its place"}
# How often more keys are tried: the browser also stops where something scrolls.
ROUNDS: Final = 4
MORE: Final = 8

# Notes each control that is seen in `frame`, how it looks while the keyboard is elsewhere, and from
# then on which of them the keyboard comes to and whether that changes a look. Returns how many.
_PREPARE: Final = """({frame, excused}) => {
  const scope = document.querySelector(frame) ?? document.body;
  const controls = "a[href], button, input, select, textarea, summary, [tabindex], [role=button]";
  const isSeen = (each) => each.checkVisibility({visibilityProperty: true});
  const isOut = (each) => each.matches(":disabled, [type=hidden]")
    || excused.some((selector) => each.closest(selector));
  const isPassed = (each) => each.type === "radio" && !each.checked
    && [...document.getElementsByName(each.name)].some((other) => other.checked);
  const native = [...scope.querySelectorAll(controls)].filter((each) => isSeen(each)
    && !isOut(each) && !isPassed(each) && !(each.getAttribute("tabindex") === "-1"
      && !each.matches("a[href], button, input, select, textarea, summary, [role=button]")));
  const pointed = [...scope.querySelectorAll("*")].filter((each) => isSeen(each)
    && getComputedStyle(each).cursor === "pointer"
    && getComputedStyle(each.parentElement).cursor !== "pointer" && !isOut(each)
    && !each.closest(`${controls}, label`) && !each.querySelector(`${controls}, label`));
  const look = (each) => [each, each.parentElement, each.previousElementSibling,
    each.nextElementSibling].filter(Boolean).map((near) => {
      const style = getComputedStyle(near);
      const outline = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
      return [outline ? style.outlineColor : "", style.boxShadow, style.borderColor].join("|");
    }).join("/");
  const start = document.createElement("span");
  start.tabIndex = 0;
  scope.prepend(start);
  start.focus();
  const plain = new Map(native.map((each) => [each, look(each)]));
  const tabbing = {missed: new Set([...native, ...pointed]), unseen: []};
  document.addEventListener("focusin", ({target}) => {
    if (!tabbing.missed.delete(target)) return;
    if (plain.get(target) === look(target)) tabbing.unseen.push(target);
  });
  window.tabbing = tabbing;
  return native.length;
}"""
_FOUND: Final = """() => {
  const shown = (each) => each.outerHTML.replace(/\\s+/g, " ").slice(0, 160);
  const {missed, unseen} = window.tabbing;
  return {missed: [...missed].map(shown), unseen: unseen.map(shown)};
}"""


def findings(page: Page, frame: str = "body") -> list[str]:
    """Go through the controls of ``frame`` with the Tab key; return what is wrong.

    A page without such a part is gone through as a whole.
    """
    presses = page.evaluate(_PREPARE, {"frame": frame, "excused": list(EXCUSED)})
    found: dict[str, Any] = {}
    for _ in range(ROUNDS):
        for _ in range(presses):
            page.keyboard.down("Tab")
        page.keyboard.up("Tab")
        found = page.evaluate(_FOUND)
        if not found["missed"]:
            break
        presses = MORE
    missed = [f"the Tab key does not come to {each}" for each in found["missed"]]
    return [*missed, *(f"the focus is not seen on {each}" for each in found["unseen"])]
