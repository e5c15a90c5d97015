"""A link belongs to the browser that pressed its button, however often and on many pages."""

from __future__ import annotations

from copy import deepcopy
from urllib.parse import urlsplit

import pytest
from django.test import Client

from connections.models import ConnectLink
from integrations.models import AuthConfig
from tests.making import link_to
from tests.person import Person

pytestmark = pytest.mark.django_db


@pytest.fixture
def url(auth_config: AuthConfig) -> str:
    return link_to(auth_config)


def test_pressing_the_button_twice_is_one_browser(url: str) -> None:
    person, again = Person(url), Person(url)
    person.client.get(person.path)
    # As both go out before either answer is there.
    again.client.cookies = deepcopy(person.client.cookies)
    assert person.set_out()
    assert again.set_out()
    assert again.come_back(code="c").status_code == 302


def test_two_links_on_two_pages_of_one_browser_know_it_both(auth_config: AuthConfig) -> None:
    first, second = Person(link_to(auth_config)), Person(link_to(auth_config, user_id="bob"))
    for path in (first.path, second.path):
        first.client.get(path)
    second.client.cookies = deepcopy(first.client.cookies)
    for person in (first, second):
        assert person.set_out()
    # One jar, in which the later answer's cookie has taken the place of the earlier one's.
    first.client.cookies = second.client.cookies
    assert [p.come_back(code="c").status_code for p in (first, second)] == [302, 302]


def test_whoever_only_looks_gets_a_cookie_that_opens_nothing(url: str) -> None:
    scanner = Client()
    cookie = scanner.get(urlsplit(url).path, secure=True).cookies["evergrant_connect"]
    assert (cookie["path"], cookie["samesite"]) == ("/connect/", "Lax")
    assert cookie["httponly"]
    assert cookie["secure"]
    assert ConnectLink.objects.get().browser_digest == ""
    assert "no-store" in scanner.get(urlsplit(url).path)["Cache-Control"]
    assert Person(url).set_out()
