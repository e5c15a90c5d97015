"""The demo's installation: one project of an app with agents, its people and their accounts."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from itertools import cycle
from typing import Final

from django.contrib.auth.models import User
from django.db import transaction

from connections.actors import SYSTEM, operator
from connections.bulk.authority import authority_of
from connections.bulk.carrying import carry_out
from connections.bulk.following import follow
from connections.bulk.settling import settle
from connections.models import Breaker, BulkItem, BulkJob, ConnectedAccount, RefreshOutcome, Worker
from connections.operations import disable_account, link_account, revoke_account
from integrations.models import ApiKey, AuthConfig, Project
from integrations.models.api_key import Scope
from integrations.secrets import Secret
from tests.screenshots.clock import NOW, Clock
from tests.screenshots.crowd import long_ago, make_crowd
from tests.screenshots.story import Story, deliver_everything
from webhooks.models import Endpoint

CALLBACK: Final = "https://app.lantern.example/connected"
CLIENTS: Final = {
    "gmail": ("Gmail", "812004417-lantern.apps.example"),
    "googlecalendar": ("Google Calendar", "812004417-lantern.apps.example"),
    "slack": ("Slack workspace", "5120338.88120"),
    "github": ("GitHub", "Iv1.4f1c0de2"),
    "hubspot": ("HubSpot CRM", "b6f0-lantern"),
    "linear": ("Linear", "lantern-agents"),
    "salesforce": ("Salesforce", "3MVG9-lantern"),
}
PEOPLE: Final = (
    "maya.lin@example.com",
    "jonas.weber@example.com",
    "priya.nair@example.com",
    "luc.martin@example.com",
    "sofia.rossi@example.com",
    "kenji.tanaka@example.com",
    "amira.haddad@example.com",
    "daniel.kim@example.com",
    "elena.petrova@example.com",
    "tomas.silva@example.com",
)


@dataclass
class Demo:
    """What the pictures show."""

    clock: Clock
    project: Project
    operator: User
    story: Story
    configs: dict[str, AuthConfig] = field(default_factory=dict)
    broken: ConnectedAccount | None = None
    job: BulkJob | None = None


def make_demo(clock: Clock) -> Demo:
    """Fill the database and return what is in it."""
    with clock.ago(days=61):
        project = Project.objects.create(name="Lantern", allowed_callback_urls=[CALLBACK])
        key = ApiKey(project=project, name="Production", scopes=list(Scope))
        key.issue()
        # Not by its operation, which looks the host up.
        Endpoint.objects.create(
            project=project,
            url="https://api.lantern.example/hooks/evergrant",
            secret=Secret("demo"),
        )
        user = User.objects.create_superuser(
            "nora", "nora@lantern.example", first_name="Nora", last_name="Lind"
        )
    demo = Demo(clock=clock, project=project, operator=user, story=Story(clock, key.pk))
    for number, (toolkit, (name, client_id)) in enumerate(CLIENTS.items()):
        with clock.ago(days=60, hours=-number):
            demo.configs[toolkit] = AuthConfig.objects.create(
                project=project,
                name=name,
                toolkit=toolkit,
                scheme="oauth2",
                client_id=client_id,
                client_secret=Secret("demo"),
            )
    make_crowd(clock, list(demo.configs.values()))
    _keys(demo)
    _people(demo)
    _troubles(demo)
    _workers()
    demo.job = _job(demo)
    deliver_everything()
    long_ago(demo.configs)
    return demo


def _keys(demo: Demo) -> None:
    with demo.clock.ago(days=59):
        demo.configs["stripe"] = AuthConfig.objects.create(
            project=demo.project, name="Stripe keys", toolkit="stripe", scheme="bearer"
        )


def _people(demo: Demo) -> None:
    """Have people connect accounts that are well."""
    toolkits = cycle(CLIENTS)
    for number, person in enumerate(PEOPLE * 3):
        toolkit = next(toolkits)
        hours = 2 + number * 7
        account = demo.story.connect(demo.configs[toolkit], person, hours=hours)
        lifetime = demo.configs[toolkit].catalog_entry.access_token_seconds
        if lifetime:
            every = timedelta(seconds=lifetime * 0.8)
            demo.story.keep(account, every=every, until=timedelta(seconds=(number * 173) % 1400))


def _troubles(demo: Demo) -> None:
    """Have one of each kind go wrong, the broken one last of all."""
    story, clock = demo.story, demo.clock
    for person, toolkit, hours in (
        ("ines.moreau@example.com", "hubspot", 3),
        ("paul.novak@example.com", "salesforce", 9),
    ):
        account = story.connect(demo.configs[toolkit], person, hours=hours + 26)
        story.keep(account, every=timedelta(minutes=24), until=timedelta(hours=hours + 0.4))
        story.die(account, hours=hours)
    ended = story.connect(demo.configs["linear"], "omar.aziz@example.com", hours=46)
    with clock.ago(days=1, hours=2):
        ended.refresh_from_db()
        revoke_account(account=ended, actor=operator(demo.operator), note="He left the company.")
    paused = story.connect(demo.configs["slack"], "hanna.berg@example.com", hours=31)
    with clock.ago(hours=21):
        paused.refresh_from_db()
        disable_account(account=paused, actor=operator(demo.operator))
    with clock.ago(minutes=4):
        link_account(
            project=demo.project,
            user_id="noah.fischer",
            auth_config=demo.configs["gmail"],
            actor=SYSTEM,
        )
    failing = story.connect(demo.configs["hubspot"], "grace.lee@example.com", hours=19)
    story.keep(failing, every=timedelta(minutes=24), until=timedelta(minutes=31))
    ConnectedAccount.objects.filter(pk=failing.pk).update(
        refresh_failures=3, refresh_failing_since=NOW - timedelta(minutes=7)
    )
    demo.broken = _broken(demo)


def _broken(demo: Demo) -> ConnectedAccount:
    """Have an account refreshed for weeks, come through an outage, and be withdrawn."""
    story = demo.story
    account = story.connect(demo.configs["gmail"], "maya.lin@example.com", days=26, hours=2)
    every = timedelta(minutes=48)
    story.keep(account, every=every, until=timedelta(hours=7))
    for minutes in (402, 397, 386):
        story.attempt(account, RefreshOutcome.TRANSIENT, "http_503", 503, minutes=minutes)
    story.attempt(account, RefreshOutcome.STORED, "", 200, minutes=371)
    ConnectedAccount.objects.filter(pk=account.pk).update(
        refreshed_at=NOW - timedelta(minutes=88), last_verified_at=NOW - timedelta(minutes=88)
    )
    story.die(account, minutes=41)
    return account


def _job(demo: Demo) -> BulkJob:
    """Have an operator refresh all accounts of HubSpot, after its provider came back."""
    rows = ConnectedAccount.objects.filter(auth_config=demo.configs["hubspot"], status="ACTIVE")
    with demo.clock.ago(seconds=52) as began:
        job = BulkJob.objects.create(
            kind="refresh",
            extent="filter",
            facts={"toolkit": "hubspot", "status": "ACTIVE"},
            project=demo.project,
            projects=[demo.project.pk],
            note="HubSpot is back; see that everybody is fresh.",
            asked_by=operator(demo.operator),
            runs_for="staff",
            user=demo.operator,
            state="running",
            total=rows.count(),
            done=74,
            created_at=began,
            collected_at=began,
            started_at=began,
        )
    _have_some_fail(demo, job, list(rows.order_by("-pk")[:3]))
    _leave_alone(job, ConnectedAccount.objects.get(identity_label="ines.moreau@example.com"))
    job.refresh_from_db()
    return job


def _have_some_fail(demo: Demo, job: BulkJob, accounts: list[ConnectedAccount]) -> None:
    """Have the provider refuse ``accounts``; the words are the job's own."""
    for account in accounts:
        BulkItem.objects.create(
            project=demo.project,
            job=job,
            account=account,
            status_was=account.status,
            outcome="waiting",
            generation=account.grant_generation,
            began_at=job.started_at,
        )
        demo.story.attempt(account, RefreshOutcome.TRANSIENT, "http_503", 503, seconds=20)
    follow(job, now=NOW)


def _leave_alone(job: BulkJob, account: ConnectedAccount) -> None:
    """Have the job come to an account that died since its accounts were fixed."""
    item = BulkItem.objects.create(
        project=account.project, job=job, account=account, status_was="ACTIVE"
    )
    with transaction.atomic():
        verdict = carry_out(item=item, job=job, authority=authority_of(job), now=NOW)
        settle(item=item, job=job, verdict=verdict, now=NOW)


def _workers() -> None:
    for number, (refreshed, failed) in enumerate(((48_211, 37), (47_902, 29)), 1):
        Worker.objects.create(
            name=f"worker-{number}",
            host=f"worker-{number}",
            pid=41,
            started_by="command",
            started_at=NOW - timedelta(days=6),
            seen_at=NOW - timedelta(seconds=1),
            refreshed=refreshed,
            failed=failed,
        )
    Breaker.objects.create(
        pk="https://api.hubapi.com",
        opened_at=NOW - timedelta(minutes=7),
        open_until=NOW + timedelta(seconds=52),
        failures=5,
        error_code="http_503",
    )
