"""Every page that people see who are no operators, looked at in a real browser."""

from __future__ import annotations

import pytest

from connections.languages import COOKIE
from tests.browser import hosted
from tests.browser.conftest import Lookers
from tests.browser.shown import Shown

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("shown", hosted.PAGES, ids=lambda shown: shown.name)
def test_a_hosted_page_is_sound(lookers: Lookers, shown: Shown) -> None:
    complaints = lookers.visitor.complaints(shown)
    lookers.visitor.scene.patch.undo()
    lookers.visitor.page.context.clear_cookies(name=COOKIE)
    assert not complaints, "\n".join(complaints)
