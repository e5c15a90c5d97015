"""An app asks for a portal link."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from connections.models import Entity, PortalLink
from integrations.models import Project
from integrations.tokens import digest
from tests.api.calling import Caller, code_of
from tests.making import CALLBACK_URL


@pytest.fixture
def alice(project: Project) -> Entity:
    project.allowed_callback_urls = [CALLBACK_URL]
    project.save()
    return Entity.objects.create(project=project, user_id="alice")


def ask(caller: Caller, user_id: str = "alice", **body: Any) -> Any:
    return caller("POST", f"/entities/{quote(user_id, safe='')}/portal_link", body or None)


@pytest.mark.usefixtures("alice")
def test_a_link_is_shown_once_and_kept_as_a_digest(owner: Caller) -> None:
    response = ask(owner, callback_url=CALLBACK_URL)
    assert response.status_code == 201
    answer = response.json()
    link = PortalLink.objects.get()
    token = answer["url"].removeprefix("http://testserver/connect/portal/")
    assert set(answer) == {"id", "url", "expires_at"}
    assert (link.pk, link.token_digest) == (answer["id"], digest(token))
    assert link.callback_url == CALLBACK_URL
    assert link.created_by.startswith("api_key:")


@pytest.mark.usefixtures("alice")
@pytest.mark.parametrize(("body", "seconds"), [({}, 600), ({"expires_in": 86_400}, 86_400)])
def test_it_lives_ten_minutes_or_as_long_as_was_asked(
    owner: Caller, body: dict[str, int], seconds: int
) -> None:
    expires_at = parse_datetime(ask(owner, "alice", **body).json()["expires_at"])
    assert expires_at is not None
    assert seconds - 10 < (expires_at - timezone.now()).total_seconds() <= seconds


@pytest.mark.usefixtures("alice")
@pytest.mark.parametrize("seconds", [0, 59, 86_401])
def test_it_lives_a_minute_at_least_and_a_day_at_most(owner: Caller, seconds: int) -> None:
    assert code_of(ask(owner, expires_in=seconds)) == (400, "invalid_request")


@pytest.mark.usefixtures("alice")
def test_back_to_the_app_leads_to_listed_addresses_only(owner: Caller) -> None:
    refused = ask(owner, callback_url="https://evil.example/connected")
    assert code_of(refused) == (400, "callback_url_refused")
    assert not PortalLink.objects.exists()


@pytest.mark.parametrize("user_id", ["a/b", "auth0|7", "a b", "a/portal_link", "ä@x"])
def test_any_user_id_can_be_named(owner: Caller, project: Project, user_id: str) -> None:
    entity = Entity.objects.create(project=project, user_id=user_id)
    assert ask(owner, user_id).status_code == 201
    assert PortalLink.objects.get().entity == entity


def test_an_id_of_ours_is_no_user_id(owner: Caller, alice: Entity) -> None:
    """Where people choose their user id, one could be another's entity id."""
    assert code_of(ask(owner, alice.pk)) == (404, "not_found")


def test_another_projects_user_is_answered_like_none(stranger: Caller, alice: Entity) -> None:
    assert code_of(ask(stranger)) == (404, "not_found")
    assert not PortalLink.objects.exists()


# --- Withdrawn before its end ------------------------------------------------------------------


@pytest.fixture
def made(owner: Caller, alice: Entity) -> str:
    return str(ask(owner).json()["id"])


def test_a_link_can_be_withdrawn(owner: Caller, made: str) -> None:
    for _ in range(2):
        assert owner("DELETE", f"/portal_links/{made}").status_code == 204
    assert PortalLink.objects.get().withdrawn_at is not None


def test_another_projects_link_is_answered_like_none(stranger: Caller, made: str) -> None:
    assert code_of(stranger("DELETE", f"/portal_links/{made}")) == (404, "not_found")
    assert PortalLink.objects.get().withdrawn_at is None
