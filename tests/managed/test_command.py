"""``manage.py managed_apps``."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from integrations.models import ManagedApp
from tests.managed.tenants import Tenant
from tests.provider import ScriptedProvider

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command("managed_apps", *arguments, stdout=out)
    return out.getvalue()


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("from stdin\n"))


@pytest.mark.usefixtures("typed")
def test_an_app_is_added_with_a_secret_from_stdin() -> None:
    said = run("add", "github", "--client-id", "c", "--scope", "gist", "--secret-stdin")
    app = ManagedApp.objects.get()
    assert (app.name, app.scopes, app.enabled) == ("GitHub", ["gist"], True)
    assert app.client_secret.reveal() == "from stdin"
    assert app.redirect_uri in said
    assert "from stdin" not in said


def test_a_secret_may_come_from_a_file(tmp_path: Path, provider: ScriptedProvider) -> None:
    path = tmp_path / "secret"
    path.write_text("of a file\n")
    base_url = f"base_url={provider.url}"
    run("add", "sandbox", "--client-id", "c", "--parameter", base_url, "--secret-file", str(path))
    assert ManagedApp.objects.get().client_secret.reveal() == "of a file"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("add", "nonsense", "--client-id", "c"), "toolkit"),
        (("add", "openai", "--client-id", "c"), "takes no"),
        (("add", "github", "--client-id", "c"), "client_secret"),
        (("add", "sandbox", "--client-id", "c", "--secret-stdin"), "parameters"),
        (("add", "github", "--client-id", "é", "--secret-stdin"), "printable ASCII"),
        (("add", "github", "--client-id", "c", "--secret-file", "/nowhere"), "cannot be read"),
        (("rotate", "ma_nothing", "--secret-stdin"), "no managed app"),
    ],
)
@pytest.mark.usefixtures("typed")
def test_what_cannot_be_right_is_refused_in_words(arguments: tuple[str, ...], told: str) -> None:
    with pytest.raises(CommandError, match=told):
        run(*arguments)
    assert not ManagedApp.objects.exists()


def test_no_option_takes_a_secret_itself() -> None:
    with pytest.raises(CommandError, match="unrecognized"):
        run("add", "github", "--client-id", "c", "--client-secret", "seen by all")


def test_the_list_says_how_each_stands_and_who_uses_it(
    ours: Tenant, theirs: Tenant, app: ManagedApp
) -> None:
    line = run("list").splitlines()[1]
    assert line.split()[:2] == [app.pk, "sandbox"]
    assert line.endswith("enabled  2 in 2")
    assert "instance" not in run("list")


@pytest.mark.usefixtures("typed")
def test_rotating_keeps_the_secret_of_before_until_it_is_forgotten(app: ManagedApp) -> None:
    run("rotate", app.pk, "--secret-stdin")
    app.refresh_from_db()
    assert app.client_secret.reveal() == "from stdin"
    assert app.older_client_secrets.reveal() == '["s1"]'
    run("forget", app.pk)
    app.refresh_from_db()
    assert app.older_client_secrets is None


def test_another_client_needs_its_secret(app: ManagedApp) -> None:
    with pytest.raises(CommandError, match="secret of its own"):
        run("rotate", app.pk, "--client-id", "another")
    with pytest.raises(CommandError, match="Nothing to change"):
        run("rotate", app.pk)


def test_an_app_is_switched(app: ManagedApp) -> None:
    run("disable", app.pk)
    assert "disabled" in run("list")
    run("enable", app.pk)
    assert ManagedApp.objects.get().enabled
