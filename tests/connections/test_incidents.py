"""The incident: everything of something ends, nothing slips in, and providers confirm it."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from connections.actors import SYSTEM
from connections.bulk.collecting import collect_some
from connections.bulk.counting import AtProviders, at_providers, is_sure
from connections.bulk.incidents import find_incident, start_incident
from connections.bulk.selecting import STILL_SEALED, holding
from connections.bulk.starting import Asker
from connections.bulk.steering import resume_job
from connections.connect.completing import Proven, store
from connections.errors import AuthConfigDisabled, IncidentNotConfirmed
from connections.models import (
    BulkItem,
    BulkJob,
    ConnectAttempt,
    ConnectedAccount,
    ConnectLink,
    Credentials,
    Entity,
    Revocation,
    Status,
)
from connections.models.bulk import Extent, JobState
from connections.operations import link_account
from connections.refresh import revoke_due
from connections.revoking import DELAYS, INSISTED_ATTEMPTS, finish
from integrations.models import AuthConfig, Project
from integrations.models.key_canary import KeyCanary
from integrations.schemes import RefusalKind, Refused
from integrations.secrets import Secret, keyring
from integrations.secrets.canary import find_key_trouble
from tests.bulk import begin, crowd, fresh, outcomes, work
from tests.integrations.key_rows import Keys
from tests.making import connect, token_set
from tests.provider import REVOKE_PATH, Answer, ScriptedProvider

pytestmark = pytest.mark.django_db


@pytest.fixture
def other_config(auth_config: AuthConfig) -> AuthConfig:
    """Another config of the same toolkit, in another project."""
    project = Project.objects.create(name="Other")
    return AuthConfig.objects.create(
        project=project,
        name="Theirs",
        toolkit="sandbox",
        client_id="c",
        parameters=auth_config.parameters,
    )


def said(job: BulkJob) -> AtProviders:
    found = at_providers(job)
    assert found is not None
    return found


# --- What it reaches -----------------------------------------------------------------------------


@pytest.mark.parametrize("extent", [Extent.AUTH_CONFIG, Extent.TOOLKIT, Extent.PROJECT])
def test_everything_of_it_is_revoked_and_nobody_elses(
    mel: User, auth_config: AuthConfig, other_config: AuthConfig, extent: Extent
) -> None:
    crowd(auth_config, 2)
    [theirs] = crowd(other_config, 1)
    about = {
        Extent.AUTH_CONFIG: auth_config.pk,
        Extent.TOOLKIT: "sandbox",
        Extent.PROJECT: auth_config.project_id,
    }
    job = begin(extent, about[extent], mel)
    work()
    assert outcomes(job) == ["done", "done"]
    theirs.refresh_from_db()
    assert theirs.status == Status.ACTIVE
    other_config.refresh_from_db()
    assert other_config.enabled


@pytest.mark.parametrize("extent", [Extent.AUTH_CONFIG, Extent.PROJECT])
def test_another_projects_things_do_not_exist(
    mel: User, other_config: AuthConfig, extent: Extent
) -> None:
    about = {Extent.AUTH_CONFIG: other_config.pk, Extent.PROJECT: other_config.project_id}
    asker = Asker.of_staff(mel)
    assert find_incident(extent=extent, extent_id=about[extent], asker=asker) is None


def test_a_key_is_for_those_who_see_every_project(mel: User, admin_user: User) -> None:
    [key] = keyring.key_ids()[:1]
    found = [
        find_incident(extent=Extent.KEY, extent_id=key, asker=Asker.of_staff(user))
        for user in (mel, admin_user)
    ]
    assert found[0] is None
    assert found[1] is not None
    assert found[1].seals_now


@pytest.mark.parametrize(("typed", "note"), [("Note", "Leaked"), ("", "Leaked"), ("Notes", "")])
def test_it_is_confirmed_by_the_name_and_a_reason(
    mel: User, account: ConnectedAccount, typed: str, note: str
) -> None:
    with pytest.raises(IncidentNotConfirmed):
        begin(Extent.AUTH_CONFIG, account.auth_config_id, mel, typed=typed, note=note)
    assert not BulkJob.objects.exists()
    assert AuthConfig.objects.get().enabled


def test_credentials_that_do_not_open_are_wiped_all_the_same(
    mel: User, account: ConnectedAccount
) -> None:
    Credentials.objects.update(generation=7)
    job = begin(Extent.AUTH_CONFIG, account.auth_config_id, mel)
    work()
    account.refresh_from_db()
    assert account.status == Status.REVOKED
    assert not Credentials.objects.exists()
    assert (said(job).not_told, said(job).reasons[0][1]) == (1, 1)


# --- Which accounts a key has sealed -------------------------------------------------------------


def under(key_id: str) -> set[str]:
    return set(holding(Extent.KEY, key_id).values_list("entity__user_id", flat=True))


def test_what_is_sealed_with_a_key_now_is_of_it(settings: object, auth_config: AuthConfig) -> None:
    keys = Keys(settings)  # type: ignore[arg-type]
    crowd(auth_config, 1)
    ConnectedAccount.objects.update(granted_at=timezone.now() - timedelta(days=40))
    old = keys.rotate()
    new = keys.ids[0]
    for key_id, days in ((old, 60), (new, 30)):
        made = timezone.now() - timedelta(days=days)
        KeyCanary.objects.filter(pk=key_id).update(created_at=made)
    entity = Entity.objects.create(project=auth_config.project, user_id="new")
    connect(auth_config=auth_config, entity=entity)
    assert under(old) == {"user-0"}
    assert under(new) == {"new"}


def test_what_was_sealed_with_it_before_is_of_it_too(
    settings: object, auth_config: AuthConfig
) -> None:
    keys = Keys(settings)  # type: ignore[arg-type]
    early, late = crowd(auth_config, 2)
    old = keys.rotate()
    now = timezone.now()
    KeyCanary.objects.filter(pk=keys.ids[0]).update(created_at=now)
    for row in Credentials.objects.all():
        row.payload = Secret(row.payload.reveal())
        row.save()
    ConnectedAccount.objects.filter(pk=early.pk).update(granted_at=now - timedelta(days=9))
    ConnectedAccount.objects.filter(pk=late.pk).update(
        granted_at=now + STILL_SEALED + timedelta(minutes=1)
    )
    assert find_key_trouble() == []
    assert under(old) == {"user-0"}


# --- Nothing slips in ----------------------------------------------------------------------------


def test_links_are_refused_while_it_is_closed(
    mel: User, account: ConnectedAccount, auth_config: AuthConfig, client: Client
) -> None:
    url = link_of(auth_config, "bob").removeprefix("http://testserver")
    job = begin(Extent.AUTH_CONFIG, auth_config.pk, mel)
    assert job.closed_configs == [auth_config.pk]
    answer = client.post(url)
    assert answer.status_code == 409
    with pytest.raises(AuthConfigDisabled):
        link_of(AuthConfig.objects.get(), "carol")


def link_of(auth_config: AuthConfig, user_id: str) -> str:
    project = auth_config.project
    issued = link_account(project=project, user_id=user_id, auth_config=auth_config, actor=SYSTEM)
    return issued.url


def attempt_of(account: ConnectedAccount) -> ConnectAttempt:
    link = ConnectLink.objects.create(
        project=account.project,
        account=account,
        token_digest="t",
        expires_at=timezone.now() + timedelta(minutes=5),
    )
    return ConnectAttempt.objects.create(
        project=account.project,
        link=link,
        auth_config=account.auth_config,
        state_digest="s",
        redirect_uri="https://x",
        expires_at=timezone.now() + timedelta(minutes=5),
    )


def test_a_connection_that_was_under_way_is_not_stored_and_its_tokens_are_given_back(
    mel: User, account: ConnectedAccount
) -> None:
    from integrations.schemes import UpstreamIdentity  # noqa: PLC0415 - of this test alone

    attempt = attempt_of(account)
    begin(Extent.AUTH_CONFIG, account.auth_config_id, mel)
    work()
    proven = Proven(identity=UpstreamIdentity(id="7", label="a@example.com"), parameters={})
    with pytest.raises(AuthConfigDisabled):
        store(attempt=attempt, tokens=token_set(3), proven=proven, asked_at=timezone.now())
    account.refresh_from_db()
    assert account.status == Status.REVOKED
    assert Revocation.objects.count() == 2


def test_a_connection_stored_before_it_is_closed_is_found_at_the_end(
    mel: User, account: ConnectedAccount, auth_config: AuthConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = begin(Extent.AUTH_CONFIG, auth_config.pk, mel, close=False)
    begun_before = job.created_at - timedelta(seconds=2)
    finished: list[int] = []

    def slip_in(of: BulkJob, **more: object) -> int:
        from connections.bulk.collecting import collect_missed  # noqa: PLC0415 - as it was

        if not finished:
            finished.append(1)
            late = crowd(auth_config, 1)[0]
            ConnectedAccount.objects.filter(pk=late.pk).update(granted_at=begun_before)
        return collect_missed(of, **more)  # type: ignore[arg-type]

    monkeypatch.setattr("connections.bulk.running.collect_missed", slip_in)
    work()
    assert outcomes(job) == ["done", "done"]
    assert fresh(job).state == JobState.DONE


def test_who_connects_after_it_began_stays_where_it_is_left_open(
    mel: User, account: ConnectedAccount, auth_config: AuthConfig
) -> None:
    job = begin(Extent.AUTH_CONFIG, auth_config.pk, mel, close=False)
    [late] = crowd(auth_config, 1)
    work()
    late.refresh_from_db()
    assert late.status == Status.ACTIVE
    assert list(BulkItem.objects.filter(job=job).values_list("account", flat=True)) == [account.pk]
    assert AuthConfig.objects.get().enabled


# --- Until it is sure ----------------------------------------------------------------------------


def test_a_provider_that_fails_first_confirms_later_and_then_it_is_sure(
    mel: User, auth_config: AuthConfig, provider: ScriptedProvider
) -> None:
    provider.answer(REVOKE_PATH, Answer(status=503, json={}), Answer(status=503, json={}), Answer())
    crowd(auth_config, 2)
    job = begin(Extent.AUTH_CONFIG, auth_config.pk, mel)
    work()
    revoke_due()
    job = fresh(job)
    assert (job.state, said(job).pending, said(job).confirmed) == (JobState.DONE, 2, 0)
    assert not is_sure(job, said(job))
    Revocation.objects.update(next_attempt_at=timezone.now())
    revoke_due()
    assert (said(job).pending, said(job).confirmed) == (0, 2)
    assert is_sure(job, said(job))


def test_a_provider_without_a_way_to_revoke_is_said_and_then_it_is_sure(
    mel: User, account: ConnectedAccount
) -> None:
    job = begin(Extent.AUTH_CONFIG, account.auth_config_id, mel)
    work()
    unsupported = Refused(kind=RefusalKind.CONFIGURATION, error_code="revocation_unsupported")
    finish(Revocation.objects.get(), unsupported)
    found = said(job)
    assert found.given_up == 1
    assert found.reasons == [("the provider has no way to revoke a token", 1)]
    assert is_sure(fresh(job), found)


@pytest.mark.parametrize("collected", [False, True])
@pytest.mark.parametrize("left", [0, 1])
def test_an_incident_that_reaches_no_more_what_it_is_about_stops_and_can_go_on(
    mel: User,
    admin_user: User,
    auth_config: AuthConfig,
    other_config: AuthConfig,
    left: int,
    *,
    collected: bool,
) -> None:
    other_config.project.members.add(mel)
    crowd(auth_config, 1)
    crowd(other_config, 1)
    job = begin(Extent.TOOLKIT, "sandbox", User.objects.get(pk=mel.pk))
    if collected:
        collect_some(job, projects=None, now=timezone.now())
    mel.projects.set([auth_config.project][:left])
    work()
    assert (fresh(job).state, fresh(job).handled) == (JobState.STOPPED, 0)
    assert "does not see all the projects" in fresh(job).stopped_because
    assert not is_sure(fresh(job), said(job))
    resume_job(job=fresh(job), asker=Asker.of_staff(admin_user))
    work()
    assert outcomes(job) == ["done", "done"]


def test_an_incident_goes_on_where_another_project_was_taken_away(
    mel: User, account: ConnectedAccount
) -> None:
    unused = Project.objects.create(name="Unused")
    unused.members.add(mel)
    job = begin(Extent.TOOLKIT, "sandbox", User.objects.get(pk=mel.pk))
    unused.members.remove(mel)
    work()
    assert (fresh(job).state, fresh(job).done) == (JobState.DONE, 1)


def test_it_is_insisted_on_where_others_give_up(mel: User, account: ConnectedAccount) -> None:
    begin(Extent.AUTH_CONFIG, account.auth_config_id, mel)
    work()
    revocation = Revocation.objects.get()
    away = Refused(kind=RefusalKind.TRANSIENT, error_code="http_503")
    revocation.attempt_count = len(DELAYS) + 5
    finish(revocation, away)
    revocation.refresh_from_db()
    assert revocation.given_up_at is None
    tomorrow = timezone.now() + timedelta(hours=23)
    assert Revocation.objects.filter(next_attempt_at__gt=tomorrow).exists()
    revocation.attempt_count = INSISTED_ATTEMPTS
    finish(revocation, away)
    revocation.refresh_from_db()
    assert revocation.given_up_at is not None


# --- From the command line -----------------------------------------------------------------------


def incident(*arguments: str) -> str:
    out = io.StringIO()
    call_command("incident", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_does_nothing_without_the_name(account: ConnectedAccount) -> None:
    with pytest.raises(CommandError, match="Nothing was done"):
        incident("--auth-config", account.auth_config_id, "--why", "Leaked")
    assert not BulkJob.objects.exists()


def test_the_command_begins_it(account: ConnectedAccount) -> None:
    said = incident("--project", account.project_id, "--why", "Leaked", "--confirm", "Acme Agents")
    job = BulkJob.objects.get()
    assert job.pk in said
    assert "1 account to revoke" in said
    work()
    account.refresh_from_db()
    assert (account.status, account.status_reason) == ("REVOKED", "revoked_by_operator")


def test_the_command_knows_what_there_is(db: None) -> None:
    with pytest.raises(CommandError, match="no such thing"):
        incident("--auth-config", "ac_nowhere")


def test_a_started_incident_wants_what_the_page_wants(account: ConnectedAccount) -> None:
    asker = Asker.of_host()
    found = find_incident(extent="project", extent_id=account.project_id, asker=asker)
    assert found is not None
    with pytest.raises(IncidentNotConfirmed):
        start_incident(incident=found, asker=asker, typed="acme agents", note="x", close=True)
