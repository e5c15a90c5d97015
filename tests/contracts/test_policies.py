"""What the pages' policy allows, to the letter; tests/browser sees that every page keeps to it."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from integrations.templatetags.repairs import LIST_REPAIRS, REPAIRS
from tests.console.staff import signed_in

STRICT = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "font-src": "'self'",
    "img-src": "'self' data:",
    "connect-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}
PATHS = ["/connect/nothing", "/connect/portal/nothing", "/accounts/login/", "/nothing", "/healthz"]


def policy_of(browser: Client, path: str) -> dict[str, str]:
    """Return the policy's directives with their sources."""
    header = browser.get(path).headers["Content-Security-Policy"]
    return {
        name: sources for name, _, sources in (part.partition(" ") for part in header.split("; "))
    }


@pytest.mark.parametrize("path", PATHS)
def test_pages_load_from_here_alone_and_nothing_inline(db: None, path: str) -> None:
    assert policy_of(Client(), path) == STRICT


def test_the_console_may_besides_make_functions_of_texts(admin_user: User) -> None:
    policy = policy_of(signed_in(admin_user), "/admin/")
    assert policy == STRICT | {"script-src": "'self' 'unsafe-eval'"}


def test_the_theme_still_has_what_is_repaired_in_it(admin_user: User) -> None:
    browser = signed_in(admin_user)
    for path, repairs in (("/admin/", REPAIRS), ("/admin/auth/user/", LIST_REPAIRS)):
        page = browser.get(path).content.decode()
        assert [put for _found, put in repairs if put not in page] == []
