"""One row of everything in a project, with a canary in every sealed field."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Model
from django.utils import timezone

from connections.actors import SYSTEM
from connections.issuing import issue_link
from connections.models import (
    Breaker,
    BulkItem,
    BulkJob,
    ConnectedAccount,
    Credentials,
    Entity,
    ExpiryNotice,
    NoticeCause,
    RefreshAttempt,
    RefreshOutcome,
    Revocation,
    Trigger,
    Worker,
)
from connections.portal.issuing import issue_portal_link
from integrations.audit import Subject, record
from integrations.models import ApiKey, AuthConfig, Project, Tool
from integrations.models.tool import Source
from integrations.secrets import Secret
from integrations.tokens import digest
from tests.making import initiate, store_grant
from webhooks.models import Delivery, DeliveryAttempt, Endpoint, Event, EventType

CANARY = "canary-in-a-sealed-field"


@dataclass
class World:
    """A project and a row of each kind in it."""

    project: Project
    account: ConnectedAccount
    endpoint: Endpoint
    rows: list[Model] = field(default_factory=list)
    # Rows that belong to no project: whoever has the permission sees them.
    shared: list[Model] = field(default_factory=list)
    # Texts that are shown once or never: link URLs, API keys.
    secrets: list[str] = field(default_factory=list)


def make_world(name: str, base_url: str) -> World:
    """Return a world whose every name holds ``name``."""
    now = timezone.now()
    project = Project.objects.create(name=f"Project {name}")
    endpoint = Endpoint.objects.create(
        project=project, url=f"https://{name}.example.com/hook", secret=Secret(CANARY)
    )
    key = ApiKey(project=project, name=f"Key {name}")
    key_text = key.issue()
    config = AuthConfig.objects.create(
        project=project,
        name=f"Config {name}",
        toolkit="sandbox",
        client_id=f"client-{name}",
        client_secret=Secret(CANARY),
        parameters={"base_url": base_url},
    )
    tool = Tool.objects.create(
        project=project,
        auth_config=config,
        name=f"{name}_get_note",
        definition={"name": f"{name}_get_note", "description": "Reads.", "path": "/notes"},
        source=Source.FILE,
    )
    entity = Entity.objects.create(project=project, user_id=f"user-{name}")
    account = initiate(auth_config=config, entity=entity)
    store_grant(account, now=now)
    made: dict[str, Any] = {"project": project, "account": account}
    stored = Credentials.objects.get(pk=account.pk)
    stored.payload = Secret(json.dumps({"access_token": CANARY, "refresh_token": CANARY}))
    stored.save()
    attempt = RefreshAttempt.objects.create(
        **made,
        trigger=Trigger.SCHEDULE,
        worker="w",
        generation=1,
        started_at=now,
        finished_at=now,
        outcome=RefreshOutcome.STORED,
        http_status=200,
    )
    revocation = Revocation.objects.create(
        **made, payload=Secret(CANARY), requested_by="operator:ann", requested_at=now
    )
    link = issue_link(account=account, actor=SYSTEM, now=now)
    portal = issue_portal_link(entity=entity, actor=SYSTEM)
    event = Event.objects.filter(subject_id=account.pk, type=EventType.ACTIVATED).get()
    event.sealed_data = Secret(json.dumps({"reauth_url": CANARY}))
    event.save()
    delivery = Delivery.objects.get(event=event)
    tried = DeliveryAttempt.objects.create(
        project=project, delivery=delivery, number=1, started_at=now, response_excerpt="<b>no</b>"
    )
    breaker = Breaker.objects.create(pk=config.pk, opened_at=now, open_until=now)
    facts = {"host": "host", "pid": 1, "started_by": "command", "started_at": now, "seen_at": now}
    worker, _ = Worker.objects.get_or_create(pk="host:1:abcd", defaults=facts)
    entry = record(
        request=None, actor=None, action="revoke", title="Revoke", subject=Subject.of(account)
    )
    job = BulkJob.objects.create(
        kind="link",
        extent="chosen",
        project=project,
        projects=[project.pk],
        asked_by="operator:ann",
        runs_for="staff",
        created_at=now,
        collected_at=now,
    )
    BulkItem.objects.create(
        **made, job=job, status_was="ACTIVE", link_url=Secret(CANARY), link_ends_at=now
    )
    notice = ExpiryNotice.objects.create(
        **made, cause=NoticeCause.ENDED, created_by=SYSTEM, token_digest=digest(f"{CANARY} {name}")
    )
    rows = [
        entry,
        job,
        notice,
        project,
        endpoint,
        key,
        config,
        tool,
        entity,
        account,
        attempt,
        revocation,
        link.link,
        portal.link,
        event,
        delivery,
        tried,
        breaker,
    ]
    urls = [link.url, portal.url]
    secrets = [key_text, *urls, *(url.rpartition("/")[2] for url in urls)]
    return World(
        project=project,
        account=account,
        endpoint=endpoint,
        rows=rows,
        shared=[worker],
        secrets=secrets,
    )
