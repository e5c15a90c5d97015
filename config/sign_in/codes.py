"""Forms for the second factor: a code counts once, everywhere, and a failure is recorded."""

from __future__ import annotations

import time
from typing import Any

from allauth.core import context
from allauth.core.internal.cryptokit import compare_user_code
from allauth.mfa import app_settings
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from allauth.mfa.webauthn.forms import (
    AddWebAuthnForm,
    AuthenticateWebAuthnForm,
    LoginWebAuthnForm,
    ReauthenticateWebAuthnForm,
)
from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction

from integrations.audit.signing_in import record_failure
from integrations.second_factors import factor_secret

LAST_STEP = "last_step"


class OnceOnly(forms.Form):
    """Takes a code of an authenticator app once (RFC 6238, 5.2), whichever process is asked.

    allauth remembers used codes in the cache, which is each process's own.
    """

    authenticator: Authenticator

    def clean_code(self) -> str:
        code: str = super().clean_code()  # type: ignore[misc]
        found = self.authenticator
        if found.type == Authenticator.Type.TOTP and not _use(found, code):
            record_failure(request=context.request, user=found.user, error_code="code_used_before")
            raise get_adapter().validation_error("incorrect_code")
        return code


class CodeForm(OnceOnly, AuthenticateForm):  # type: ignore[misc]
    """The code at sign-in."""


class CodeAgainForm(OnceOnly, ReauthenticateForm):  # type: ignore[misc]
    """The code before something is changed."""


@transaction.atomic
def _use(authenticator: Authenticator, code: str) -> bool:
    """Note that ``code`` was used; return whether it is later than every one before."""
    row = Authenticator.objects.select_for_update().get(pk=authenticator.pk)
    step = _step_of(factor_secret(row.data["secret"]).reveal(), code)
    if step <= row.data.get(LAST_STEP, 0):
        return False
    row.data[LAST_STEP] = step
    row.save(update_fields=["data"])
    # What the caller saves later must not take it back.
    authenticator.data = row.data
    return True


def _step_of(secret: str, code: str) -> int:
    """Return the time step that ``code`` is of; 0 where it is of none."""
    now = int(time.time()) // app_settings.TOTP_PERIOD
    tolerated = app_settings.TOTP_TOLERANCE
    for step in range(now - tolerated, now + tolerated + 1):
        expected = format_hotp_value(hotp_value(secret, step))
        if compare_user_code(actual=code, expected=expected):
            return step
    return 0


class PasskeyFailures(forms.Form):
    """Records a passkey that was not accepted; allauth tells of wrong codes only."""

    user: Any

    def clean_credential(self) -> Authenticator:
        try:
            found: Authenticator = super().clean_credential()  # type: ignore[misc]
        except ValidationError:
            record_failure(request=context.request, user=self.user, error_code="wrong_passkey")
            raise
        return found


class PasskeyForm(PasskeyFailures, AuthenticateWebAuthnForm):  # type: ignore[misc]
    """The passkey as second factor."""


class PasskeyAloneForm(PasskeyFailures, LoginWebAuthnForm):  # type: ignore[misc]
    """The passkey instead of a password."""


class PasskeyAgainForm(PasskeyFailures, ReauthenticateWebAuthnForm):  # type: ignore[misc]
    """The passkey before something is changed."""


class NewPasskeyForm(AddWebAuthnForm):  # type: ignore[misc]
    """A new passkey: its name, and whether it is to open the console alone."""

    name = forms.CharField(
        label="Name",
        required=False,
        max_length=60,
        help_text="So that you can tell it from others: where it is, or what it is.",
    )
    passwordless = forms.BooleanField(
        label="Sign in with it alone",
        required=False,
        initial=True,
        help_text="Without your password. The passkey itself then asks for a fingerprint, a face "
        "or a PIN. Turn it off for a security key that has none.",
    )
    field_order = ("name", "passwordless", "credential")
