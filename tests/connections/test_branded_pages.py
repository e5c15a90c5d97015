"""The hosted pages in a project's own colours, with its logo and its links."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from connections.models import Entity
from integrations.branding import logo_path, stylesheet_path
from integrations.branding.logos import set_logo
from integrations.models import AuthConfig, Project
from tests.connections.visitor import Visitor, portal_of
from tests.integrations.test_branding_logos import picture
from tests.making import link_to


@pytest.fixture
def branded(project: Project) -> Project:
    project.accent_color = "#be185d"
    project.privacy_url = "https://app.example.com/privacy"
    project.support_url = "mailto:help@example.com"
    project.save()
    set_logo(project=project, data=picture("PNG"))
    return project


@pytest.fixture
def pages(branded: Project, auth_config: AuthConfig) -> list[str]:
    """The page of a link, a portal's door, the portal itself, and what a stranger to it sees."""
    entity = Entity.objects.create(project=branded, user_id="alice")
    link = Client().get(link_to(auth_config)).content.decode()
    visitor = Visitor(portal_of(entity))
    door = visitor.page(visitor.path)
    inside = visitor.enter().page()
    return [link, door, inside]


def test_every_page_has_the_projects_stylesheet_after_all_others(
    pages: list[str], branded: Project
) -> None:
    for text in pages:
        sheets = re.findall(r'rel="stylesheet" href="([^"]+)"', text)
        assert sheets[-1] == stylesheet_path(branded)


def test_every_page_has_the_logo_and_the_links(pages: list[str], branded: Project) -> None:
    for text in pages:
        assert f'src="{logo_path(branded)}"' in text
        assert 'href="https://app.example.com/privacy" target="_blank" rel="noopener' in text
        assert 'href="mailto:help@example.com"' in text


def test_no_page_has_a_style_of_its_own(pages: list[str]) -> None:
    for text in pages:
        assert "style=" not in text
        assert "<style" not in text


def test_the_policy_lets_both_in(branded: Project, auth_config: AuthConfig) -> None:
    policy = Client().get(link_to(auth_config))["Content-Security-Policy"]
    directives = dict(each.strip().split(" ", 1) for each in policy.split(";"))
    assert directives["style-src"] == "'self'"
    assert directives["img-src"] == "'self' data:"


def test_a_project_without_branding_has_initials_and_no_links(
    project: Project, auth_config: AuthConfig
) -> None:
    text = Client().get(link_to(auth_config)).content.decode()
    assert "/brand/" not in text
    assert "foot-links" not in text
    assert "mark--project" in text


def test_a_page_of_nobody_has_evergrants_colours(branded: Project) -> None:
    text = Client().get("/connect/no-such-link").content.decode()
    assert "/brand/" not in text
