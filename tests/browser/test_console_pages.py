"""Every page of the console, looked at in a real browser."""

from __future__ import annotations

import pytest

from tests.browser import console
from tests.browser.conftest import Lookers
from tests.browser.shown import Shown

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("shown", console.PAGES, ids=lambda shown: shown.name)
def test_a_page_of_the_console_is_sound(lookers: Lookers, shown: Shown) -> None:
    complaints = lookers.operator.complaints(shown)
    assert not complaints, "\n".join(complaints)
