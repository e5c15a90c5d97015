"""Choosing a toolkit in the console, and what the form of an auth config then asks for."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from django.test import Client

from integrations.admin.toolkit_choice import rows
from integrations.admin.toolkit_marks import HUES, hue, initials
from integrations.catalog import all_toolkits, get_toolkit
from integrations.models import Project
from tests.console.staff import every_permission, member, signed_in

ADD = "/admin/integrations/authconfig/add/"
SECRET = 'name="new_client_secret"'


@pytest.fixture
def project(db: None) -> Project:
    return Project.objects.create(name="Acme")


@pytest.fixture
def client(project: Project) -> Client:
    return signed_in(member(project, permissions=every_permission()))


def text(client: Client, query: str = "") -> str:
    answer = client.get(f"{ADD}{query}")
    assert answer.status_code == 200
    return answer.content.decode()


def found(client: Client, query: str = "") -> list[str]:
    """Return the slugs of the toolkits that the list shows."""
    shown = r'data-category="\w+">\s*<a class="eg-kit" href="\?toolkit=([\w-]+)"'
    return re.findall(shown, text(client, query))


def inputs(page: str) -> set[str]:
    """Return the names of the form's inputs."""
    form = page[page.index('id="authconfig_form"') :]
    return set(re.findall(r'<(?:input|select|textarea)\b[^>]*\bname="(\w+)"', form)) - HIDDEN


HIDDEN = {"csrfmiddlewaretoken", "_save", "_addanother", "_continue"}


def test_the_list_has_every_toolkit_by_name(client: Client) -> None:
    names = [row.name for row in rows()]
    assert names == sorted(names, key=str.casefold)
    assert set(found(client)) == set(all_toolkits())


@pytest.mark.parametrize(
    ("query", "slug"),
    [
        ("?q=GitHub", "github"),
        ("?q=repositories+TOKEN", "github"),
        ("?q=oauth+1.0a", "trello"),
        ("?category=crm", "salesforce"),
        ("?q=sales&category=crm", "salesforce"),
    ],
)
def test_the_list_is_searched_by_words_and_category(client: Client, query: str, slug: str) -> None:
    shown = found(client, query)
    assert slug in shown
    assert len(shown) < 60


def test_a_search_without_a_result_says_so(client: Client) -> None:
    assert found(client, "?q=%3Cb%3Enothing") == []
    page = text(client, "?q=%3Cb%3Enothing")
    assert re.search(r"data-none>\s*<p>No toolkit fits", page)
    assert "<b>nothing" not in page


@pytest.mark.parametrize("query", ["?category=nonsense", "?q=%00", "?toolkit=nonsense"])
def test_what_the_list_does_not_know_narrows_nothing(client: Client, query: str) -> None:
    assert len(found(client, query)) == len(all_toolkits())


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("GitHub", "GH"),
        ("Slack", "Sl"),
        ("Google Calendar", "GC"),
        ("X", "X"),
        ("monday.com", "Mo"),
    ],
)
def test_a_toolkits_mark_has_its_initials(name: str, letters: str) -> None:
    assert initials(name) == letters


def test_a_mark_keeps_its_colour() -> None:
    assert (hue("github"), hue("slack")) == (hue("github"), hue("slack"))
    assert {hue(slug) for slug in all_toolkits()} == set(range(HUES))


def each_scheme() -> Iterator[tuple[str, str]]:
    for slug, kit in all_toolkits().items():
        for scheme in kit.schemes:
            yield slug, scheme


def test_every_toolkit_has_a_form_for_each_of_its_schemes(client: Client) -> None:
    for slug, scheme in each_scheme():
        asked = inputs(text(client, f"?toolkit={slug}&scheme={scheme}"))
        kit = get_toolkit(slug)
        assert {"name", "project"} <= asked, slug
        assert {f"parameter_{name}" for name in kit.parameters} <= asked, slug
        assert ("client_id" in asked) is scheme.startswith("oauth"), slug
