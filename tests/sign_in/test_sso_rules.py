"""Who may come in by single sign-on, as whom, and with which roles."""

from __future__ import annotations

from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from django.contrib.auth.models import Group, User
from django.test import RequestFactory
from pytest_django.fixtures import Settings

from config.sign_in.checks import check_sso
from config.sign_in.sso import errors
from config.sign_in.sso.claims import Claims, read_claims
from config.sign_in.sso.door import DoorAnswer
from config.sign_in.sso.rules import admit
from integrations.outbound import Response
from tests.contracts.leaks import CANARY
from tests.sign_in.staff import staff, told

pytestmark = pytest.mark.django_db


def claims(email: str = "ann@example.com", **more: Any) -> Claims:
    told_of_her = {"sub": "s-1", "email": email, "email_verified": True, **more}
    return read_claims({"id_token": told_of_her})


def come(linked: User | None = None, **told_of_her: Any) -> User:
    request = RequestFactory().get("/")
    return admit(request=request, claims=claims(**told_of_her), linked=linked)


def test_a_domain_that_is_not_allowed_stays_out(settings: Settings) -> None:
    settings.SSO_ALLOWED_DOMAINS = ["acme.example"]
    with pytest.raises(errors.DomainNotAllowed):
        come(linked=staff())


def test_where_a_group_is_wanted_who_has_left_it_stays_out(settings: Settings) -> None:
    settings.SSO_ALLOWED_GROUPS = ["console"]
    ann = staff()
    assert come(linked=ann, groups=["console", "x"]) == ann
    with pytest.raises(errors.GroupMissing):
        come(linked=ann, groups=["x"])


def test_what_is_set_must_hold_all_of_it(settings: Settings) -> None:
    settings.SSO_ALLOWED_DOMAINS = ["Example.COM"]
    settings.SSO_ALLOWED_GROUPS = ["console"]
    with pytest.raises(errors.GroupMissing):
        come()
    assert come(groups=["console"]).email == "ann@example.com"


@pytest.mark.parametrize("verified", [False, "false", None])
def test_no_rule_adds_somebody_with_an_address_that_is_not_hers(
    settings: Settings, verified: object
) -> None:
    settings.SSO_ALLOWED_GROUPS = ["console"]
    with pytest.raises(errors.EmailUnverified):
        come(email_verified=verified, groups=["console"])


@pytest.mark.parametrize("change", [{"is_active": False}, {"is_staff": False}])
def test_whoever_was_switched_off_here_stays_out(change: dict[str, bool]) -> None:
    ann = staff()
    User.objects.update(**change)
    ann.refresh_from_db()
    for linked in (None, ann):
        with pytest.raises(errors.SwitchedOff):
            come(linked=linked)


def test_two_people_with_one_address_are_not_guessed_between() -> None:
    staff("ann")
    staff("bob")
    User.objects.update(email="ann@example.com")
    with pytest.raises(errors.SeveralKnown):
        come()


def test_an_address_that_was_given_to_somebody_else_opens_no_account_of_before() -> None:
    SocialAccount.objects.create(user=staff(), provider="sso", uid="of her who left")
    with pytest.raises(errors.OtherIdentity):
        come()


@pytest.mark.parametrize("lookalike", ["m\u0131ke@example.com", "mi\u212ae@example.com"])
def test_letters_that_only_look_alike_match_nobody(lookalike: str) -> None:
    staff("mike")
    with pytest.raises(errors.EmailUnverified):
        come(email=lookalike)


def test_case_does_not_matter_in_addresses() -> None:
    ann = staff()
    assert come(email="ANN@Example.com") == ann


def test_roles_are_given_and_taken_and_others_stay(settings: Settings) -> None:
    settings.SSO_ROLES = '{"support": ["Viewer", "All projects"], "ops": ["Operator"]}'
    ann = staff()
    own = Group.objects.create(name="Of our own")
    ann.groups.set([own, Group.objects.get(name="Operator")])
    come(linked=ann, groups=["support"])
    assert {row.name for row in ann.groups.all()} == {"Viewer", "All projects", "Of our own"}
    [(_, note, _code)] = told("sso_roles_changed")
    assert set(note.split(", ")) == {"+Viewer", "+All projects", "-Operator"}


def test_roles_that_are_as_they_should_be_are_not_recorded(settings: Settings) -> None:
    settings.SSO_ROLES = '{"support": ["Viewer"]}'
    ann = staff()
    for _ in range(2):
        come(linked=ann, groups=["support"])
    assert len(told("sso_roles_changed")) == 1


def test_a_name_that_is_taken_becomes_another(settings: Settings) -> None:
    settings.SSO_ALLOWED_DOMAINS = ["example.com"]
    staff("ann")
    User.objects.update(email="other@example.com")
    user = come(preferred_username="ann", given_name="Ann", family_name="Lee")
    assert user.username != "ann"
    assert (user.get_full_name(), user.has_usable_password()) == ("Ann Lee", False)


# --- Claims --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("claim", "told_of_her"),
    [
        ("groups", {"groups": ["a", "b"]}),
        ("roles", {"roles": ["a", "b", 7]}),
        ("realm_access.roles", {"realm_access": {"roles": ["a", "b"]}}),
        ("https://acme.example/groups", {"https://acme.example/groups": ["a", "b"]}),
    ],
)
def test_groups_are_found_wherever_a_provider_has_them(
    settings: Settings, claim: str, told_of_her: dict[str, Any]
) -> None:
    settings.SSO_GROUPS_CLAIM = claim
    assert claims(**told_of_her).groups == {"a", "b"}


def test_what_token_and_user_information_say_is_put_together() -> None:
    token = {"sub": "s", "email": "a@b.example", "email_verified": True}
    found = read_claims({"id_token": token, "userinfo": {"sub": "s", "email": "a@b.example"}})
    assert found.email_verified
    other = {"sub": "s", "email": "c@b.example"}
    assert not read_claims({"id_token": token, "userinfo": other}).email_verified


def test_a_token_and_user_information_of_two_people_are_nobodys() -> None:
    with pytest.raises(OAuth2Error, match="subject_mismatch"):
        read_claims({"id_token": {"sub": "a"}, "userinfo": {"sub": "b"}})


@pytest.mark.parametrize(("said", "verified"), [({}, True), ({"email_verified": False}, False)])
def test_a_provider_can_be_trusted_with_addresses_that_it_says_nothing_of(
    settings: Settings, said: dict[str, Any], verified: bool
) -> None:
    settings.SSO_TRUSTS_EMAIL = True
    data = {"sub": "s", "email": "a@b.example", **said}
    assert read_claims({"userinfo": data}).email_verified is verified


def test_an_answer_that_is_no_json_is_told_without_what_it_says() -> None:
    answer = DoorAnswer(Response(status=200, headers={}, body=CANARY.encode(), elapsed=0.1))
    with pytest.raises(OAuth2Error) as caught:
        answer.json()
    assert (str(caught.value), caught.value.__cause__) == ("malformed_body", None)


# --- Settings ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({}, []),
        ({"SSO_CLIENT_ID": ""}, ["config.E001"]),
        ({"SSO_ISSUER": "login.acme.example"}, ["config.E001"]),
        ({"SSO_ISSUER": "http://login.acme.example"}, ["config.E001"]),
        ({"SSO_ROLES": "support=Viewer"}, ["config.E002"]),
        ({"SSO_ROLES": '{"support": "Viewer"}'}, ["config.E002"]),
        ({"SSO_ISSUER": "", "SSO_ROLES": "x"}, []),
    ],
)
def test_a_set_up_that_cannot_work_is_told_at_the_start(
    settings: Settings, changes: dict[str, str], found: list[str]
) -> None:
    settings.OUTBOUND_ALLOW_LOOPBACK = False
    given = {"SSO_ISSUER": "https://login.acme.example", "SSO_CLIENT_ID": "c", "SSO_ROLES": ""}
    for name, value in {**given, **changes}.items():
        setattr(settings, name, value)
    assert [error.id for error in check_sso()] == found
