"""A project's own settings, over the API."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.models import ApiKey, Project
from tests.api.calling import Caller, code_of, error_of, key_of
from tests.integrations.test_branding_logos import SCRIPT, picture

CHANGES = {
    "name": "Acme Robots",
    "accent_color": "#2563EB",
    "allowed_callback_urls": ["https://app.example.com/done"],
    "privacy_url": "https://app.example.com/privacy",
    "support_url": "mailto:help@example.com",
    "verification_url": "https://app.example.com/verify",
    "sends_expiry_notices": True,
}


@pytest.fixture
def settler(project: Project) -> Caller:
    """A key that may change the settings, and read."""
    return Caller(key_of(project, "read", "settings"))


def put(caller: Caller, data: bytes) -> Any:
    return caller("PUT", "/project/logo", data, **{"content-type": "image/png"})


def test_settings_are_read_by_any_key_that_reads(owner: Caller, project: Project) -> None:
    told = owner("GET", "/project").json()
    assert (told["id"], told["name"]) == (project.pk, "Acme")
    assert told["allowed_callback_urls"] == project.allowed_callback_urls
    assert (told["accent_color"], told["logo_url"]) == ("", "")


def test_settings_are_changed_and_the_next_call_knows(settler: Caller) -> None:
    settler("GET", "/project")
    changed = settler("PATCH", "/project", CHANGES).json()
    assert changed.items() >= (CHANGES | {"accent_color": "#2563eb"}).items()
    assert settler("GET", "/project").json() == changed


def test_what_is_left_out_stays_and_an_empty_text_takes_away(settler: Caller) -> None:
    settler("PATCH", "/project", CHANGES)
    told = settler("PATCH", "/project", {"support_url": "", "allowed_callback_urls": []}).json()
    assert (told["support_url"], told["allowed_callback_urls"]) == ("", [])
    assert told["privacy_url"] == CHANGES["privacy_url"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "   "),
        ("accent_color", "#ffcc00"),
        ("accent_color", "red"),
        ("allowed_callback_urls", ["https://ok.example/", "http://plain.example/"]),
        ("allowed_callback_urls", ["https://a@b.example/"]),
        ("privacy_url", "javascript:alert(1)"),
        ("support_url", "mailto:nobody"),
        ("verification_url", "http://app.example.com/"),
    ],
)
def test_what_cannot_be_used_is_refused_and_nothing_is_changed(
    settler: Caller, project: Project, field: str, value: Any
) -> None:
    response = settler("PATCH", "/project", {"sends_expiry_notices": True, field: value})
    assert code_of(response) == (400, "invalid_request")
    assert [found["field"] for found in error_of(response)["details"]["fields"]] == [field]
    assert not Project.objects.get(pk=project.pk).sends_expiry_notices


def test_a_refused_change_is_not_seen_by_other_calls(settler: Caller) -> None:
    """A key's project is one object for all calls of a process."""
    settler("GET", "/project")
    settler("PATCH", "/project", {"name": "Other", "accent_color": "red"})
    assert settler("GET", "/project").json()["name"] == "Acme"


def test_a_key_that_writes_does_not_say_where_people_are_led(owner: Caller) -> None:
    for method, path in (("PATCH", "/project"), ("PUT", "/project/logo")):
        response = owner(method, path, {})
        assert code_of(response) == (403, "insufficient_scope")
        assert error_of(response)["details"] == {"scope": "settings"}


def test_settings_are_those_of_the_keys_own_project(
    settler: Caller, stranger: Caller, stranger_project: Project
) -> None:
    settler("PATCH", "/project", CHANGES)
    assert stranger("GET", "/project").json()["id"] == stranger_project.pk
    assert Project.objects.get(pk=stranger_project.pk).accent_color == ""


def test_a_logo_is_set_and_taken_away(settler: Caller, project: Project) -> None:
    told = put(settler, picture("WEBP")).json()
    digest = Project.objects.get(pk=project.pk).logo_digest
    assert told["logo_url"].endswith(f"/brand/logo/{digest}.png")
    assert settler("GET", "/project").json()["logo_url"] == told["logo_url"]
    assert settler("DELETE", "/project/logo").status_code == 204
    assert settler("GET", "/project").json()["logo_url"] == ""


@pytest.mark.parametrize("data", [b"", SCRIPT, picture("GIF"), b"\0" * 300_000], ids=len)
def test_what_is_no_logo_is_refused(settler: Caller, data: bytes) -> None:
    put(settler, picture("PNG"))
    before = settler("GET", "/project").json()
    assert code_of(put(settler, data)) == (400, "logo_refused")
    assert settler("GET", "/project").json() == before


def test_a_body_of_more_than_a_mebibyte_is_not_read(settler: Caller) -> None:
    assert code_of(put(settler, b"\0" * 1_100_000)) == (413, "request_too_large")


def test_a_new_key_does_not_change_settings(project: Project) -> None:
    key = ApiKey(project=project, name="Server")
    assert code_of(Caller(key.issue())("PATCH", "/project", {})) == (403, "insufficient_scope")
