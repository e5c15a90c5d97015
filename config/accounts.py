"""Sign-in of operators through allauth."""

from __future__ import annotations

from typing import TYPE_CHECKING

from allauth.account.adapter import DefaultAccountAdapter

if TYPE_CHECKING:
    from django.http import HttpRequest


class OperatorAccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Operators are made by operators: nobody signs up."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Say no to everybody."""
        return False
