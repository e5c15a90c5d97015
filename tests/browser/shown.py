"""One page as a person sees it: how to come there, and what is done on it first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Page

from tests.browser.scene import Scene


@dataclass(frozen=True)
class Shown:
    """A page to be looked at.

    Attributes:
        name: of the test.
        view: the name of its address; a test holds these against all addresses there are.
        way: makes what the page needs and returns its path.
        status: what is answered.
        then: what is done on it first.
    """

    name: str
    view: str
    way: Callable[[Scene], str]
    status: int = 200
    then: Callable[[Page], object] | None = None
