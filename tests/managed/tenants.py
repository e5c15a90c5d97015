"""Projects that stand on an app of the instance, and what the provider hears of them."""

from __future__ import annotations

from dataclasses import dataclass

from connections.models import ConnectedAccount, Entity, Trigger
from connections.refresh import refresh_account
from integrations.auth_configs import create_auth_config
from integrations.models import AuthConfig, ManagedApp, Project
from tests.making import CALLBACK_URL, connect, link_to
from tests.person import Person


@dataclass
class Tenant:
    """A project with a managed auth config and an account."""

    project: Project
    config: AuthConfig

    def account(self, user_id: str = "alice") -> ConnectedAccount:
        """Return an ACTIVE account, whose grant says which client it was given to."""
        entity = Entity.objects.create(project=self.project, user_id=user_id)
        account = connect(auth_config=self.config, entity=entity)
        account.oauth_client_id = self.config.client_holder.client_id
        account.save(update_fields=["oauth_client_id"])
        return account


def tenant(name: str, app: ManagedApp) -> Tenant:
    project = Project.objects.create(name=name, allowed_callback_urls=[CALLBACK_URL])
    config = create_auth_config(
        project=project, name=f"Notes of {name}", toolkit="sandbox", managed_app=app
    )
    return Tenant(project, config)


def refresh(account: ConnectedAccount) -> None:
    refresh_account(account_id=account.pk, trigger=Trigger.API)


def set_out(config: AuthConfig) -> Person:
    """Return a person who stands at the provider."""
    person = Person(link_to(config, allow_multiple=True))
    assert person.set_out()
    return person
