"""``manage.py demo``: an operator, a project with a key, and a link for the user alice."""

from __future__ import annotations

import json
import os
import secrets
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from connections.actors import SYSTEM
from connections.errors import AccountExists
from connections.models import ConnectedAccount
from connections.operations import link_account, reconnect_account
from integrations.auth_configs import create_auth_config
from integrations.models import ApiKey, AuthConfig, Project
from integrations.models.api_key import Scope
from integrations.secrets import Secret
from integrations.tokens import digest

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from connections.issuing import IssuedLink

OPERATOR = "operator"
PROJECT = "Demo app"
AUTH_CONFIG = "Demo client"
USER_ID = "alice"
CLIENT_ID = "evergrant-sandbox"
LINK_SECONDS = 24 * 3600


class Command(BaseCommand):
    """Set up what `make run` shows. Doing it again changes nothing but the link."""

    help = "Create the demo operator, project, API key and auth config; print them as JSON."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take where the sandbox provider answers, and an API key known from before."""
        parser.add_argument("--sandbox-url", required=True)
        parser.add_argument("--callback-url", default="", help="also list it for the project")

    @transaction.atomic
    def handle(self, *args: Any, sandbox_url: str, callback_url: str, **options: Any) -> None:
        """Create what is missing and print it all."""
        secret = os.environ.get("SANDBOX_CLIENT_SECRET")
        if not secret:
            message = "SANDBOX_CLIENT_SECRET is not set."
            raise CommandError(message)
        project, _ = Project.objects.get_or_create(name=PROJECT)
        if callback_url and callback_url not in project.allowed_callback_urls:
            project.allowed_callback_urls.append(callback_url)
            project.save(update_fields=["allowed_callback_urls"])
        auth_config = _auth_config(project, sandbox_url, Secret(secret))
        issued = _link(project, auth_config, callback_url)
        shown = {
            "operator": _operator(),
            "project_id": project.pk,
            "api_key": _api_key(project),
            "auth_config_id": auth_config.pk,
            "connected_account_id": issued.account.pk,
            "connect_url": issued.url,
            "callback_redirect_uri": auth_config.redirect_uri,
        }
        self.stdout.write(json.dumps(shown))


def _operator() -> dict[str, str | None]:
    users = get_user_model().objects
    found = users.filter(is_superuser=True).order_by("pk").first()
    if found is not None:
        return {"username": found.get_username(), "email": found.email, "password": None}
    password = secrets.token_urlsafe(12)
    email = f"{OPERATOR}@example.com"
    users.create_superuser(OPERATOR, email, password)
    return {"username": OPERATOR, "email": email, "password": password}


def _api_key(project: Project) -> str | None:
    """Return a new key, or None where the project still has the one in DEMO_API_KEY."""
    known = os.environ.get("DEMO_API_KEY", "")
    if ApiKey.objects.in_project(project).filter(digest=digest(known), revoked_at=None).exists():
        return None
    return ApiKey(project=project, name="Demo key", scopes=list(Scope)).issue()


def _auth_config(project: Project, sandbox_url: str, secret: Secret) -> AuthConfig:
    found = AuthConfig.objects.in_project(project).filter(name=AUTH_CONFIG).first()
    if found is None:
        return create_auth_config(
            project=project,
            name=AUTH_CONFIG,
            toolkit="sandbox",
            client_id=CLIENT_ID,
            client_secret=secret,
            parameters={"base_url": sandbox_url},
        )
    found.parameters = {"base_url": sandbox_url}
    found.client_secret = secret
    found.save()
    return found


def _link(project: Project, auth_config: AuthConfig, callback_url: str) -> IssuedLink:
    try:
        return link_account(
            project=project,
            user_id=USER_ID,
            auth_config=auth_config,
            callback_url=callback_url,
            expires_in=LINK_SECONDS,
            actor=SYSTEM,
        )
    except AccountExists:
        accounts = ConnectedAccount.objects.in_project(project).living()
        return reconnect_account(
            account=accounts.filter(entity__user_id=USER_ID).latest("pk"),
            callback_url=callback_url,
            expires_in=LINK_SECONDS,
            actor=SYSTEM,
        )
