"""What allauth asks about accounts: nobody signs up, and when somebody must prove herself again."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from allauth.account import app_settings
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.authentication import get_authentication_records
from allauth.core import context
from django.urls import reverse

from config.sign_in.second_factor import lacks_proof

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser
    from django.http import HttpRequest

ALLAUTHS_STAGE: Final = "allauth.mfa.stages.AuthenticateStage"
OUR_STAGE: Final = "config.sign_in.second_factor.SecondFactorStage"
# The name of the way by the password, as allauth has it.
BY_TYPING_IT: Final = "reauthenticate"


class OperatorAccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Operators are made by operators, or come by single sign-on: nobody signs up."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Say no to everybody."""
        return False

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        """Lead back to where the change was begun."""
        return reverse("security")

    def get_login_stages(self) -> list[str]:
        """Return what follows the password, with our stage for the second factor."""
        stages = super().get_login_stages()
        return [OUR_STAGE if stage == ALLAUTHS_STAGE else stage for stage in stages]

    def get_reauthentication_methods(self, user: AbstractBaseUser) -> list[dict[str, Any]]:
        """Return the ways to prove oneself again: no password where a factor is to be proved."""
        ways: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        if ways and lacks_proof(context.request):
            return [way for way in ways if way["id"] != BY_TYPING_IT]
        return ways

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Whether to ask again before a factor is changed: not of whoever has just signed in."""
        request = context.request
        records = get_authentication_records(request, request.user)
        newest = max((record["at"] for record in records), default=0)
        return bool(time.time() - newest > app_settings.REAUTHENTICATION_TIMEOUT)
