"""Somebody who lost her second factor gets in again by a superuser, or by a command."""

from __future__ import annotations

from io import StringIO

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from integrations.models import AuditEntry, FactorSecret
from tests.console.staff import signed_in
from tests.sign_in.staff import come_in, is_out, staff, told

pytestmark = pytest.mark.django_db


def test_the_command_resets_it_and_ends_the_sessions() -> None:
    browser = come_in(staff(app=True))
    said = StringIO()
    call_command("reset_second_factor", "ann", reason="lost her phone", stdout=said)
    assert said.getvalue().startswith("2 removed")
    assert [model.objects.count() for model in (Authenticator, FactorSecret)] == [0, 0]
    assert is_out(browser)


def test_the_command_stands_in_the_audit_trail() -> None:
    staff(app=True)
    call_command("reset_second_factor", "ann", reason="lost her phone", stdout=StringIO())
    assert told() == [("second_factor_reset", "by command: lost her phone", "")]
    entry = AuditEntry.objects.get()
    assert (entry.actor_name, entry.subject_label) == ("", "ann")


def test_the_command_knows_who_is_not_there() -> None:
    with pytest.raises(CommandError, match="no user 'nobody'"):
        call_command("reset_second_factor", "nobody")


def test_a_superuser_resets_it_on_the_users_page(admin_user: User) -> None:
    ann = staff(app=True, superuser=False)
    browser = signed_in(admin_user)
    page = browser.get(f"/admin/auth/user/{ann.pk}/change/").content.decode()
    assert "Authenticator app" in page
    browser.post(f"/admin/auth/user/{ann.pk}/do/second_factor_reset/", {"note": "phone in lake"})
    assert not Authenticator.objects.exists()
    assert told("second_factor_reset") == [("second_factor_reset", "phone in lake", "")]


def test_somebody_deleted_leaves_no_secret_behind() -> None:
    staff(app=True).delete()
    assert not FactorSecret.objects.exists()
