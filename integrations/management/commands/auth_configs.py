"""``manage.py auth_configs``: the clients that Evergrant registered by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from integrations.errors import IntegrationsError
from integrations.models import AuthConfig
from integrations.renewing_registrations import renew_registrations
from integrations.reregistering import register_again

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(BaseCommand):
    """Register clients anew."""

    help = "Register the clients of MCP servers anew: register one, or renew those that end soon."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take a step and its options."""
        steps = parser.add_subparsers(dest="step", required=True)
        register = steps.add_parser("register", help="get a new client for one auth config")
        register.add_argument("auth_config_id", help="ac_...")
        register.add_argument(
            "--issuer",
            default="",
            help="the authorization server that it names now, where that is another one: the "
            "tokens of those who are connected will go there",
        )
        register.add_argument(
            "--callback-url",
            help="an address of your own from now on, with which the new client is registered; "
            "empty: Evergrant's",
        )
        steps.add_parser("renew", help="get new clients where a secret ends soon")

    def handle(self, *args: Any, step: str, **options: Any) -> None:
        """Take the step."""
        if step == "renew":
            self.stdout.write(f"{renew_registrations(now=timezone.now())} registered anew")
            return
        self._register(**options)

    def _register(
        self, *, auth_config_id: str, issuer: str, callback_url: str | None, **_options: Any
    ) -> None:
        auth_config = AuthConfig.objects.select_related("project").filter(pk=auth_config_id).first()
        if auth_config is None:
            raise CommandError(f"There is no auth config {auth_config_id!r}.")
        try:
            register_again(
                auth_config=auth_config, confirmed_issuer=issuer, callback_url=callback_url
            )
        except IntegrationsError as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"registered anew: the client is {auth_config.client_id}")
