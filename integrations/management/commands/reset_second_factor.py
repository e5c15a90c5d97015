"""``manage.py reset_second_factor NAME``: for somebody who lost hers, and no superuser is there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from integrations.audit import Subject, record
from integrations.audit.signing_in import FACTOR_RESET, WORDS
from integrations.second_factors import reset_second_factor

if TYPE_CHECKING:
    from argparse import ArgumentParser

BY_COMMAND = "by command"


class Command(BaseCommand):
    """Take all second factors from a person, end her sessions, and record it."""

    help = "Remove somebody's passkeys, authenticator app and recovery codes, and end her sessions."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take whose, and why."""
        parser.add_argument("username")
        parser.add_argument("--reason", default="", help="kept in the audit trail")

    def handle(self, *args: Any, username: str, reason: str, **options: Any) -> None:
        """Reset it. Raises CommandError: there is no such person."""
        user = User.objects.filter(username=username).first()
        if user is None:
            raise CommandError(f"There is no user {username!r}.")
        with transaction.atomic():
            count = reset_second_factor(user=user)
            record(
                request=None,
                actor=None,
                action=FACTOR_RESET,
                title=WORDS[FACTOR_RESET],
                subject=Subject.of(user),
                note=f"{BY_COMMAND}: {reason}" if reason else BY_COMMAND,
            )
        self.stdout.write(f"{count} removed, all sessions ended. The password alone opens it now.")
