"""The project of a run. Imported inside ``manage.py shell``, where Django is set up."""

from __future__ import annotations

import json
import sys

from integrations.auth_configs import create_auth_config
from integrations.models import ApiKey, Project
from integrations.models.api_key import Scope
from integrations.secrets import Secret
from webhooks.endpoints import create_endpoint


def seed(*, providers: dict[str, str], callback_url: str, hook_url: str) -> None:
    """Create a project with an auth config per provider and a subscriber of all events.

    Args:
        providers: URL by name.

    Prints what the driver needs to know as JSON.
    """
    project = Project.objects.create(name="Chaos", allowed_callback_urls=[callback_url])
    key = ApiKey(project=project, name="Chaos", scopes=list(Scope)).issue()
    endpoint = create_endpoint(project=project, url=hook_url)
    configs = {
        name: create_auth_config(
            project=project,
            name=name,
            toolkit="sandbox",
            client_id="chaos",
            client_secret=Secret("the chaos provider takes any"),
            parameters={"base_url": url},
        ).pk
        for name, url in providers.items()
    }
    told = {"api_key": key, "webhook_secret": endpoint.secret.reveal(), "auth_configs": configs}
    sys.stdout.write(json.dumps(told) + "\n")
