"""The hosted pages speak the person's language, the rest speaks English."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.http import JsonResponse
from django.test import Client, RequestFactory
from django.utils.translation import override

from connections.connect.catalog_words import described
from connections.durations import time_ago, time_left
from connections.language_middleware import LanguageMiddleware
from connections.languages import preferred
from connections.models import ConnectedAccount, Transition
from integrations.models import AuthConfig, Project
from tests.connections.test_durations import NOW
from tests.connections.test_pages_without_database import database_away
from tests.connections.visitor import Visitor, portal_of
from tests.described_services import create_described, oauth_service
from tests.making import link_to
from tests.person import Person
from tests.provider import ScriptedProvider

pytestmark = pytest.mark.django_db

GERMAN = {"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"}


@pytest.fixture
def path(auth_config: AuthConfig) -> str:
    return urlsplit(link_to(auth_config)).path


# --- Which one -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("de", "de"),
        ("de-CH", "de"),
        ("FR-ca;q=0.3, es-419;q=0.8", "es"),
        ("pt-BR, ar-EG;q=0.9, en;q=0.8", "ar"),
        ("nl, *;q=0.5", "en"),
        ("*", "en"),
        ("nl", "en"),
        ("", "en"),
        ("de;q=0", "en"),
        ("nl, de;q=0.0, fr;q=0", "en"),
        ("de;q=two, ja", "en"),
        ("; ,;de=\x00", "en"),
        ("de," * 500, "de"),
    ],
)
def test_the_browser_says_which_language_is_liked_best(header: str, language: str) -> None:
    assert preferred(header) == language


def test_a_page_is_in_the_language_that_the_browser_asks_for(path: str) -> None:
    response = Client(headers=GERMAN).get(path)
    page = response.content.decode()
    assert '<html lang="de" dir="ltr">' in page
    assert "Acme Notes verbinden" in page
    assert response["Content-Language"] == "de"
    assert {"Accept-Language", "Cookie"} <= set(response["Vary"].split(", "))


def test_arabic_runs_from_right_to_left_and_isolates_latin_names(path: str) -> None:
    page = Client(headers={"Accept-Language": "ar"}).get(path).content.decode()
    assert '<html lang="ar" dir="rtl">' in page
    assert "ربط \N{FIRST STRONG ISOLATE}Acme Notes\N{POP DIRECTIONAL ISOLATE}" in page


def test_scopes_are_told_in_the_persons_language(path: str) -> None:
    assert "Ihre Notizen lesen" in Client(headers=GERMAN).get(path).content.decode()


def test_what_nobody_translated_says_that_it_is_english() -> None:
    with override("de"):
        assert described("a", "See your name")["language"] == ""
        assert described("a", "Paint the bikeshed") == {
            "name": "a",
            "description": "Paint the bikeshed",
            "language": "en",
        }


# --- The switch ----------------------------------------------------------------------------------


def test_the_switch_leads_to_the_same_page_in_another_language(path: str) -> None:
    client = Client(headers=GERMAN)
    page = client.get(path).content.decode()
    assert 'href="?language=ar" lang="ar" hreflang="ar" dir="rtl"' in page
    chosen = client.get(f"{path}?language=ar")
    assert (chosen.status_code, chosen["Location"]) == (302, path)
    assert 'lang="ar" dir="rtl"' in client.get(path).content.decode()


def test_the_choice_is_a_cookie_of_the_hosted_pages_alone(path: str) -> None:
    client = Client()
    client.get(f"{path}?language=ja", secure=True)
    cookie = client.cookies["evergrant_language"]
    assert (cookie.value, cookie["path"], cookie["samesite"]) == ("ja", "/connect/", "Lax")
    assert cookie["httponly"]
    assert cookie["secure"]


def test_the_rest_of_the_query_stays(account: ConnectedAccount) -> None:
    visitor = Visitor(portal_of(account.entity)).enter()
    here = f"{visitor.list}?status=success&connected_account_id={account.pk}"
    page = visitor.page(here)
    assert f"?status=success&amp;connected_account_id={account.pk}&amp;language=fr" in page
    assert visitor.client.get(f"{here}&language=fr")["Location"] == here
    assert "est connecté." in visitor.page(here)


@pytest.mark.parametrize("value", ["nl", "", "de%0d%0aX:1", "DE", "../de", "en,de"])
def test_a_language_that_there_is_not_chooses_nothing(path: str, value: str) -> None:
    client = Client()
    assert client.get(f"{path}?language={value}").status_code == 200
    assert "evergrant_language" not in client.cookies


def test_a_broken_cookie_is_as_none(path: str) -> None:
    client = Client(headers=GERMAN)
    client.cookies["evergrant_language"] = "xx"
    assert '<html lang="de"' in client.get(path).content.decode()


def test_a_providers_answer_is_never_asked_for_twice(auth_config: AuthConfig) -> None:
    person = Person(link_to(auth_config))
    person.set_out()
    response = person.come_back(error="access_denied", language="de")
    assert response.status_code == 200
    assert "evergrant_language" not in person.client.cookies
    assert 'class="languages"' not in response.content.decode()


def test_the_choice_lasts_to_the_provider_and_back(auth_config: AuthConfig) -> None:
    person = Person(link_to(auth_config))
    person.client.get(f"{person.path}?language=es")
    person.set_out()
    page = person.come_back(error="access_denied").content.decode()
    assert '<html lang="es"' in page
    assert "Usted no lo ha permitido" in page


# --- The provider --------------------------------------------------------------------------------


def language_asked_for(auth_config: AuthConfig, accepted: str) -> str | None:
    """Return what the provider is told of the language of a browser that accepts ``accepted``."""
    person = Person(link_to(auth_config))
    person.client.defaults["HTTP_ACCEPT_LANGUAGE"] = accepted
    person.set_out()
    return person.authorization.get("ui_locales")


@pytest.mark.parametrize(("accepted", "asked"), [("ja", "ja"), ("en", None)])
def test_an_openid_provider_is_told_the_language(
    auth_config: AuthConfig, accepted: str, asked: str | None
) -> None:
    assert language_asked_for(auth_config, accepted) == asked


def test_another_provider_is_told_no_language(project: Project, provider: ScriptedProvider) -> None:
    other = create_described(project, oauth_service(provider.url))
    assert language_asked_for(other, "ja") is None


# --- What stays English --------------------------------------------------------------------------


def test_the_console_is_english_whatever_the_browser_says(admin_client: Client) -> None:
    for page in ("/admin/", "/admin/connections/connectedaccount/"):
        response = admin_client.get(page, headers=GERMAN)
        assert 'lang="en' in response.content.decode()
        assert "Content-Language" not in response
    login = Client(headers=GERMAN).get("/accounts/login/").content.decode()
    assert "Sign in to the console" in login


def test_a_choice_of_the_hosted_pages_changes_no_other(path: str) -> None:
    client = Client()
    client.cookies["evergrant_language"] = "de"
    assert "Sign in to the console" in client.get("/accounts/login/").content.decode()
    assert client.get("/nothing?language=fr", headers=GERMAN).status_code == 404
    assert "There is nothing here" in client.get("/nothing", headers=GERMAN).content.decode()


def test_the_api_is_english(project: object) -> None:
    answer = Client(headers=GERMAN).get("/api/v1/connected_accounts/ca_x")
    assert answer.json()["error"]["message"].isascii()
    assert "Content-Language" not in answer


def test_what_is_stored_is_english(auth_config: AuthConfig) -> None:
    person = Person(link_to(auth_config))
    person.client.defaults["HTTP_ACCEPT_LANGUAGE"] = "de"
    person.set_out()
    person.come_back(error="access_denied")
    assert Transition.objects.latest("pk").cause == "The provider answered access_denied"


def test_what_is_no_page_has_no_language(rf: RequestFactory) -> None:
    speak = LanguageMiddleware(lambda _: JsonResponse({}))
    answer = speak(rf.get("/connect/client/ac_x.json", headers=GERMAN))
    assert "Content-Language" not in answer
    assert "Vary" not in answer


# --- Error pages ---------------------------------------------------------------------------------


def test_a_hosted_address_that_is_none_says_so_in_the_language() -> None:
    page = Client(headers=GERMAN).get("/connect/portal/x/y/z")
    assert page.status_code == 404
    assert "Hier gibt es nichts" in page.content.decode()
    assert page["Content-Language"] == "de"


def test_a_missing_cookie_is_told_in_the_language(path: str) -> None:
    page = Client(headers=GERMAN, enforce_csrf_checks=True).post(path)
    assert page.status_code == 403
    assert "Sie können diese Seite nicht öffnen" in page.content.decode()


def test_a_crash_of_a_page_is_told_in_the_language(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connections.connect.views.find_link", None)
    page = Client(headers=GERMAN, raise_request_exception=False).get(path)
    assert page.status_code == 500
    assert "Bei uns ist etwas schiefgelaufen" in page.content.decode()
    assert '<html lang="de"' in page.content.decode()


@pytest.mark.django_db(transaction=True)
def test_the_pages_without_the_database_are_in_the_language(path: str) -> None:
    with database_away():
        page = Client(headers=GERMAN).get(path)
    assert page.status_code == 503
    assert "Unsere Datenbank ist gerade nicht erreichbar" in page.content.decode()


# --- Dates and lengths ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "day"),
    [
        ("en", "26 November 2026"),
        ("de", "26. November 2026"),
        ("es", "26 de noviembre de 2026"),
        ("ja", "2026年11月26日"),
        ("ar", "26 نوفمبر 2026"),
    ],
)
def test_a_day_is_written_as_the_language_writes_it(
    account: ConnectedAccount, language: str, day: str
) -> None:
    ConnectedAccount.objects.update(granted_at=NOW)
    visitor = Visitor(portal_of(account.entity))
    visitor.client.defaults["HTTP_ACCEPT_LANGUAGE"] = language
    assert f">{day}</time>" in visitor.enter().page()


@pytest.mark.parametrize(
    ("language", "days", "told"),
    [
        ("de", 2, "vor 2 Tagen"),
        ("fr", 1, "il y a 1 jour"),
        ("ja", 3, "3 日前"),
        ("ar", 1, "منذ يوم"),
        ("ar", 2, "منذ يومين"),
        ("ar", 3, "منذ 3 أيام"),
    ],
)
def test_the_past_bends_with_its_number(language: str, days: int, told: str) -> None:
    with override(language):
        found = time_ago(NOW - timedelta(days=days), now=NOW)
    assert found.replace("\xa0", " ") == told


def test_two_hours_and_two_minutes_are_words_in_arabic() -> None:
    with override("ar"):
        left = time_left(NOW + timedelta(hours=2, minutes=2), now=NOW)
    assert left == "ساعتين، دقيقتين"
