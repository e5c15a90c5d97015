"""How a project's stylesheet and logo are handed out."""

from __future__ import annotations

import hashlib

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from integrations.branding import colors_of, logo_path, logo_url, stylesheet_path
from integrations.branding.logos import remove_logo, set_logo
from integrations.models import Project
from tests.integrations.test_branding_logos import picture


@pytest.fixture
def project(db: None) -> Project:
    return Project.objects.create(name="Acme", accent_color="#2563eb")


def test_the_stylesheet_sets_the_colours_of_both_schemes(project: Project) -> None:
    answer = Client().get(stylesheet_path(project))
    css = answer.content.decode()
    light, dark = css.split("@media (prefers-color-scheme: dark)")
    assert answer["Content-Type"] == "text/css; charset=utf-8"
    assert f"--accent: {colors_of(project).light.accent};" in light
    assert f"--accent: {colors_of(project).dark.accent};" in dark


def test_files_are_kept_for_ever_and_do_nothing(project: Project) -> None:
    set_logo(project=project, data=picture("PNG"))
    for path in (stylesheet_path(project), logo_path(project)):
        answer = Client().get(path)
        assert answer["Cache-Control"] == "public, max-age=31536000, immutable"
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Content-Security-Policy"].startswith("default-src 'none'")
        assert not answer.cookies
        assert "Cookie" not in answer.get("Vary", "")


def test_the_stylesheet_asks_nothing_of_the_database(
    project: Project, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    path = stylesheet_path(project)
    with django_assert_num_queries(0):
        assert Client().get(path).status_code == 200


def test_an_older_address_gets_todays_colours_for_a_minute() -> None:
    answer = Client().get("/brand/2563eb/0123456789abcdef.css")
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "public, max-age=60"


@pytest.mark.parametrize(
    "path",
    [
        "/brand/ffffff/0123456789abcdef.css",
        "/brand/2563EB/0123456789abcdef.css",
        "/brand/red/0123456789abcdef.css",
        "/brand/2563eb%0a/0123456789abcdef.css",
        "/brand/logo/" + "0" * 64 + ".png",
        "/brand/logo/x.png",
    ],
)
def test_anything_else_is_not_there(db: None, path: str) -> None:
    assert Client().get(path).status_code == 404


def test_a_logo_is_served_by_its_digest(project: Project, settings: Settings) -> None:
    settings.BASE_URL = "https://grants.example.com"
    set_logo(project=project, data=picture("JPEG"))
    answer = Client().get(logo_path(project))
    assert answer["Content-Type"] == "image/png"
    assert hashlib.sha256(answer.content).hexdigest() == project.logo_digest
    assert logo_url(project) == f"https://grants.example.com{logo_path(project)}"


def test_a_logo_that_was_taken_away_is_gone(project: Project) -> None:
    set_logo(project=project, data=picture("PNG"))
    path = logo_path(project)
    remove_logo(project=project)
    assert Client().get(path).status_code == 404
    assert logo_path(project) == logo_url(project) == ""


def test_only_reading_is_possible(project: Project) -> None:
    assert Client().post(stylesheet_path(project)).status_code == 405
