"""No page is left out: every address that there is, is looked at or has a reason not to be."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from tests.browser import console, hosted

# Addresses at which there is no page to look at, and why.
NO_PAGE = {
    "root": "leads to the console",
    "healthz": "for machines",
    "refresh_health": "for machines",
    "metrics": "for machines",
    "connect:client": "a document for providers",
    "branding:stylesheet": "a style sheet",
    "connect:portal_reconnect": "takes a POST, and leads to a connect link",
    "admin:login": "leads to allauth's page",
    "admin:logout": "leads to allauth's page",
    "admin:jsi18n": "a script",
    "admin:autocomplete": "for the theme's script",
    "admin:search": "a part of a page",
    "admin:view_on_site": "leads to a page",
    "admin:integrations_project_colors": "for the page's script",
    "admin:integrations_project_members": "takes a POST, and leads to the project's page",
    "branding:logo": "a picture",
    "admin:connections_bulk_start": "takes a POST, and leads to a job",
    "admin:connections_bulkjob_report": "a file",
    "admin:connections_bulkjob_links": "a file",
    "account_set_password": "leads to security",
    "mfa_index": "is security",
    "mfa_list_webauthn": "is security",
    "mfa_login_webauthn": "for the script that asks for a passkey",
    "mfa_download_recovery_codes": "a file",
    "end_session": "takes a POST, and leads to security",
    "end_other_sessions": "takes a POST, and leads to security",
    "sso_start": "takes a POST, and leads to the provider",
}
API = "api:"


def addresses(patterns: list[URLPattern | URLResolver], space: str = "") -> Iterator[str]:
    """Yield the names of all addresses under ``patterns``."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{space}{pattern.namespace}:" if pattern.namespace else space
            yield from addresses(pattern.url_patterns, inner)
        elif pattern.name:
            yield f"{space}{pattern.name}"


def of_pages() -> set[str]:
    """Return the names of all addresses but the API's and those of the theme that answer alike."""
    found = {name for name in addresses(get_resolver().url_patterns) if not name.startswith(API)}
    return {name for name in found if not name.endswith("_history")}


@pytest.fixture
def shown() -> set[str]:
    return {page.view for page in (*hosted.PAGES, *console.PAGES)}


def test_every_address_is_looked_at_or_excused(shown: set[str]) -> None:
    # What a model's page offers nobody has an address all the same.
    never = {name for name in of_pages() if name.endswith(("_add", "_delete"))} - shown
    assert of_pages() - shown - set(NO_PAGE) - never == set()


def test_nothing_is_excused_that_is_not_there() -> None:
    assert set(NO_PAGE) - of_pages() == set()


def test_nothing_is_looked_at_that_is_not_there(shown: set[str]) -> None:
    faults = {"400", "403", "404", "429", "500", "503"}
    assert shown - of_pages() == faults


def test_no_two_pages_go_by_one_name() -> None:
    for pages in (hosted.PAGES, console.PAGES):
        assert len({page.name for page in pages}) == len(pages)
