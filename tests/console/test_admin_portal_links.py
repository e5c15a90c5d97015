"""Portal links in the console: made for a person, seen, withdrawn."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from connections.models import ConnectedAccount, Entity, PortalLink
from integrations.models import AuditEntry, Project
from integrations.tokens import digest
from tests.connections.visitor import portal_of
from tests.console.staff import every_permission, member, signed_in

LIST = "/admin/connections/portallink/"


@pytest.fixture
def operator(project: Project) -> Client:
    return signed_in(member(project, permissions=every_permission()))


@pytest.fixture
def link(account: ConnectedAccount) -> PortalLink:
    portal_of(account.entity)
    return PortalLink.objects.get()


def page_of(entity: Entity) -> str:
    return f"/admin/connections/entity/{entity.pk}/"


def test_a_portal_link_is_shown_once(operator: Client, account: ConnectedAccount) -> None:
    assert "Portal link" in operator.get(f"{page_of(account.entity)}change/").content.decode()
    answer = operator.post(f"{page_of(account.entity)}do/portal/")
    [(_, url)] = answer.context["shown"]
    token = url.rpartition("/")[2]
    made = PortalLink.objects.get(token_digest=digest(token))
    assert made.created_by == "operator:mel"
    assert f'data-copy="{url}"' in answer.content.decode()
    for shown in (f"{LIST}{made.pk}/change/", LIST, f"{page_of(account.entity)}change/"):
        assert token not in operator.get(shown).content.decode()


def test_making_one_is_in_the_audit_trail(operator: Client, account: ConnectedAccount) -> None:
    operator.post(f"{page_of(account.entity)}do/portal/")
    entry = AuditEntry.objects.get(action="portal")
    assert (entry.subject_id, entry.project_id) == (account.entity_id, account.project_id)


def test_making_one_needs_the_permission(account: ConnectedAccount, project: Project) -> None:
    others = tuple(name for name in every_permission() if name != "connections.add_portallink")
    browser = signed_in(member(project, permissions=others))
    assert browser.post(f"{page_of(account.entity)}do/portal/").status_code == 403
    assert not PortalLink.objects.exists()


def test_a_link_is_withdrawn_after_a_question(operator: Client, link: PortalLink) -> None:
    question = operator.get(f"{LIST}{link.pk}/do/withdraw/").content.decode()
    assert "The portal closes at once" in question
    operator.post(f"{LIST}{link.pk}/do/withdraw/")
    link.refresh_from_db()
    assert link.withdrawn_at is not None
    assert "Withdrawn" in operator.get(LIST).content.decode()


def test_withdrawing_needs_the_permission(link: PortalLink, project: Project) -> None:
    others = tuple(name for name in every_permission() if name != "connections.change_portallink")
    browser = signed_in(member(project, permissions=others))
    assert browser.post(f"{LIST}{link.pk}/do/withdraw/").status_code == 403
    link.refresh_from_db()
    assert link.withdrawn_at is None


@pytest.mark.parametrize("state", ["Unopened", "Open in a browser", "Over", "Never opened"])
def test_the_list_says_how_a_link_stands(operator: Client, link: PortalLink, state: str) -> None:
    now = timezone.now()
    opened = now if state in {"Open in a browser", "Over"} else None
    PortalLink.objects.update(opened_at=opened)
    if state in {"Over", "Never opened"}:
        PortalLink.objects.update(expires_at=now)
    assert state in operator.get(LIST).content.decode()


@pytest.mark.parametrize("words", ["alice", "ALI"])
def test_a_link_is_found_by_its_person(operator: Client, link: PortalLink, words: str) -> None:
    found = operator.get(LIST, {"q": words}).context["cl"].result_list
    assert [row.pk for row in found] == [link.pk]
    assert not operator.get(LIST, {"q": "bob"}).context["cl"].result_list
