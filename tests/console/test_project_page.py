"""A project's page: what it is called, looks like and leads to."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin.utils import quote
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from integrations.branding.logos import set_logo
from integrations.models import AuditEntry, Project
from tests.console.pages import address
from tests.console.staff import member, signed_in
from tests.console.world import World
from tests.integrations.test_branding_logos import SCRIPT, picture

SETTINGS = {
    "name": "Acme Agents",
    "accent_color": "#2563EB",
    "allowed_callback_urls": "https://app.example.com/done\r\nhttp://localhost:3000/cb",
    "privacy_url": "https://app.example.com/privacy",
    "support_url": "mailto:help@example.com",
    "verification_url": "https://app.example.com/verify",
    "sends_expiry_notices": "on",
}


def page_of(project: Project) -> str:
    return address(Project, "change", quote(project.pk))


def save(client: Client, project: Project, **changes: Any) -> Any:
    return client.post(page_of(project), SETTINGS | changes, follow=True)


def errors_of(answer: Any) -> dict[str, list[str]]:
    form = answer.context["adminform"].form
    return {name: list(errors) for name, errors in form.errors.items()}


def told(answer: Any) -> list[str]:
    return [str(message) for message in answer.context["messages"]]


def test_everything_that_a_project_says_of_itself_is_saved(client: Client, mine: World) -> None:
    answer = save(client, mine.project)
    project = Project.objects.get(pk=mine.project.pk)
    assert answer.redirect_chain == [(page_of(project), 302)]
    assert project.accent_color == "#2563eb"
    assert project.allowed_callback_urls == SETTINGS["allowed_callback_urls"].split("\r\n")
    assert (project.privacy_url, project.support_url, project.verification_url) == (
        SETTINGS["privacy_url"],
        SETTINGS["support_url"],
        SETTINGS["verification_url"],
    )
    assert project.sends_expiry_notices


def test_saving_says_what_changed_and_the_trail_has_it(client: Client, mine: World) -> None:
    save(client, mine.project)
    answer = save(client, mine.project, accent_color="#be185d", support_url="")
    assert told(answer) == ["Saved: accent colour, support."]
    entry = AuditEntry.objects.filter(action="change").first()
    assert entry
    assert (entry.subject_id, entry.changed) == (mine.project.pk, ["accent_color", "support_url"])


def test_saving_what_is_there_already_changes_and_records_nothing(
    client: Client, mine: World
) -> None:
    save(client, mine.project)
    before = AuditEntry.objects.count()
    assert told(save(client, mine.project, accent_color="#2563eb")) == ["Nothing was changed."]
    assert AuditEntry.objects.count() == before


def test_a_colour_that_hides_white_text_is_refused_with_the_nearest_that_does_not(
    client: Client, mine: World
) -> None:
    answer = save(client, mine.project, accent_color="#33bbff")
    [problem] = errors_of(answer)["accent_color"]
    suggestion = answer.context["verdict"].suggestion
    assert "2.16 to 1" in problem
    assert suggestion in problem
    assert told(save(client, mine.project, accent_color=suggestion))[0].startswith("Saved")


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("name", "", "required"),
        ("accent_color", "red", "#rrggbb"),
        ("allowed_callback_urls", "https://a@b.example/", "up to the @"),
        ("allowed_callback_urls", "http://app.example.com/", "use https"),
        ("privacy_url", "javascript:alert(1)", "begin with https://"),
        ("support_url", "mailto:nobody", "no e-mail address"),
        ("verification_url", "https://app.example.com\\x", "backslash"),
    ],
)
def test_what_people_could_not_use_is_refused(
    client: Client, mine: World, field: str, value: str, words: str
) -> None:
    answer = save(client, mine.project, **{field: value})
    assert words in errors_of(answer)[field][0]
    assert "Nothing was saved" in answer.content.decode()
    assert Project.objects.get(pk=mine.project.pk).name == mine.project.name


def test_each_line_of_the_callback_urls_is_judged(client: Client, mine: World) -> None:
    lines = "https://good.example/\nhttp://plain.example/\nhttps://a@b.example/"
    problems = errors_of(save(client, mine.project, allowed_callback_urls=lines))
    starts = [problem.partition(": ")[0] for problem in problems["allowed_callback_urls"]]
    assert starts == ["http://plain.example/", "https://a@b.example/"]


def test_a_logo_is_uploaded_shown_and_removed(client: Client, mine: World) -> None:
    uploaded = SimpleUploadedFile("logo.jpg", picture("JPEG"), "image/jpeg")
    assert "logo" in told(save(client, mine.project, logo=uploaded))[0]
    digest = Project.objects.get(pk=mine.project.pk).logo_digest
    assert f"/brand/logo/{digest}.png" in client.get(page_of(mine.project)).content.decode()
    answer = save(client, mine.project, remove_logo="on")
    assert told(answer) == ["Saved: logo."]
    assert Project.objects.get(pk=mine.project.pk).logo_digest == ""
    entry = AuditEntry.objects.filter(action="change").first()
    assert entry
    assert entry.changed == ["logo"]


@pytest.mark.parametrize("data", [SCRIPT, b"GIF89a", picture("PNG") + b"\0" * 300_000], ids=len)
def test_a_logo_that_is_none_is_refused_and_nothing_is_saved(
    client: Client, mine: World, data: bytes
) -> None:
    uploaded = SimpleUploadedFile("logo.png", data, "image/png")
    assert "logo" in errors_of(save(client, mine.project, logo=uploaded))
    project = Project.objects.get(pk=mine.project.pk)
    assert (project.logo_digest, project.name) == ("", mine.project.name)


def test_the_page_shows_the_pages_in_the_projects_colours(client: Client, mine: World) -> None:
    save(client, mine.project)
    set_logo(project=mine.project, data=picture("PNG"))
    text = client.get(page_of(mine.project)).content.decode()
    assert '<link rel="stylesheet" href="/brand/2563eb/' in text
    assert text.count("data-brand-scheme=") == 2
    assert "style=" not in text.partition("<nav class=")[2].partition("</form>")[0]


def test_a_new_project_begins_with_its_name_and_leads_to_its_page(client: Client) -> None:
    answer = client.post(address(Project, "add"), {"name": "Next"}, follow=True)
    project = Project.objects.get(name="Next")
    assert answer.redirect_chain == [(page_of(project), 302)]
    assert [user.username for user in project.members.all()] == ["mel"]


def test_whoever_may_only_look_changes_nothing(mine: World) -> None:
    viewer = member(mine.project, permissions=("integrations.view_project",), username="vera")
    browser = signed_in(viewer)
    text = browser.get(page_of(mine.project)).content.decode()
    assert 'name="accent_color"' not in text
    assert 'type="file"' not in text
    assert browser.post(page_of(mine.project), SETTINGS).status_code == 403
    assert Project.objects.get(pk=mine.project.pk).name == mine.project.name


def test_another_projects_page_is_not_there(client: Client, theirs: World) -> None:
    for tab in ("", "?tab=members", "?tab=keys"):
        assert client.get(page_of(theirs.project) + tab).status_code == 404
    assert client.post(page_of(theirs.project), SETTINGS).status_code == 404
    assert Project.objects.get(pk=theirs.project.pk).name == theirs.project.name


def test_colours_are_judged_while_they_are_chosen(client: Client, mine: World) -> None:
    page = address(Project, "colors")
    refused = client.get(page, {"color": "#33bbff"}).json()
    taken = client.get(page, {"color": "2563eb"}).json()
    assert (refused["passes"], taken["passes"]) == (False, True)
    assert refused["suggestion"] == refused["light"]["--accent"]
    assert (taken["color"], taken["light"]["--accent"]) == ("#2563eb", "#2563eb")


def test_colours_are_judged_for_those_who_see_projects(mine: World) -> None:
    nobody = signed_in(member(mine.project, username="nobody"))
    assert nobody.get(address(Project, "colors")).status_code == 403


@pytest.mark.parametrize(("tab", "most"), [("settings", 14), ("members", 17), ("keys", 15)])
def test_a_tab_takes_few_queries(
    client: Client,
    mine: World,
    django_assert_max_num_queries: DjangoAssertNumQueries,
    tab: str,
    most: int,
) -> None:
    with django_assert_max_num_queries(most):
        assert client.get(page_of(mine.project), {"tab": tab}).status_code == 200
