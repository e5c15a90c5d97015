"""Keys in turn, and a row with a text in every sealed column."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

from cryptography.fernet import Fernet
from django.core.management import call_command
from django.db.models import Model
from django.utils import timezone
from pytest_django.fixtures import Settings

from connections.models import ConnectAttempt, ConnectLink, Verification
from integrations.models import AuthConfig, FactorSecret, ManagedApp
from integrations.secrets import Secret, keyring
from integrations.secrets.canary import find_key_trouble
from integrations.secrets.columns import SealedColumn, sealed_columns
from tests.console.world import make_world


def fresh() -> str:
    return Fernet.generate_key().decode()


class Keys:
    """The list of keys, as processes that start now have it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.start(fresh())

    def start(self, *keys: str) -> None:
        """Start the service with ``keys``, the first of which seals."""
        self._settings.FIELD_ENCRYPTION_KEYS = list(keys)
        assert find_key_trouble() == []

    @property
    def configured(self) -> list[str]:
        """The keys themselves."""
        return list(self._settings.FIELD_ENCRYPTION_KEYS)

    @property
    def ids(self) -> list[str]:
        """Their ids."""
        return keyring.key_ids()

    def rotate(self) -> str:
        """Put a new key in front; return the id of the one that sealed before."""
        before = self.ids[0]
        self.start(fresh(), *self.configured)
        return before


def fill_every_column(base_url: str = "http://127.0.0.1:1") -> None:
    """Make a row with a text in each sealed column there is."""
    world = make_world("acme", base_url)
    world.endpoint.previous_secret = Secret("whsec-of-before")
    world.endpoint.older_secrets = Secret('[["whsec-of-long-ago", "2026-11-26T12:00:00+00:00"]]')
    world.endpoint.save()
    auth_config = AuthConfig.objects.latest("pk")
    auth_config.older_client_secrets = Secret('["s3cret-of-before"]')
    auth_config.former_clients = Secret('{"client-of-before": ["s3cret-of-long-ago"]}')
    auth_config.registration = Secret('{"registration_access_token": "registration-s3cret"}')
    auth_config.save()
    app = ManagedApp(name="Notes", toolkit="sandbox", client_id="client-of-the-instance")
    app.client_secret = Secret("s3cret-of-the-instance")
    app.older_client_secrets = Secret('["s3cret-of-before"]')
    app.former_clients = Secret('{"client-of-before": ["s3cret-of-long-ago"]}')
    app.save()
    link = ConnectLink.objects.latest("pk")
    attempt = ConnectAttempt.objects.create(
        project=world.project,
        link=link,
        auth_config=auth_config,
        state_digest="s" * 64,
        browser_digest="b" * 64,
        code_verifier=Secret("pkce-s3cret"),
        request_token=Secret('{"token": "t", "secret": "oauth1-s3cret"}'),
        redirect_uri="https://grants.example.com/connect/callback/x",
        expires_at=timezone.now() + timedelta(minutes=10),
    )
    FactorSecret.objects.create(secret=Secret("key-of-an-authenticator-app"))
    verification = Verification(
        project=world.project,
        account=link.account,
        attempt=attempt,
        token_digest="t" * 64,
        held_at=timezone.now(),
        expires_at=timezone.now() + timedelta(minutes=5),
    )
    verification.held = Secret('{"code": "held-s3cret"}')
    verification.save(force_insert=True)
    empty = [str(column) for column in sealed_columns() if not column.count_by_key()]
    assert empty == [], "a new sealed column: make a row for it here"


def texts() -> dict[str, str]:
    """Return what every row's text says, by column and row."""
    return {
        f"{column} {row.pk}": getattr(row, column.field.name).reveal()
        for column in sealed_columns()
        for row in rows(column)
    }


def rows(column: SealedColumn) -> list[Any]:
    """Return the rows that have a text in ``column``."""
    return list(column.rows_not_sealed_with("no key"))


def column_of(model: type[Model], name: str) -> SealedColumn:
    [column] = [c for c in sealed_columns() if c.model is model and c.field.name == name]
    return column


def run_keys(*arguments: str, terminal: bool = False) -> tuple[int, str]:
    """Run ``manage.py keys``; return its exit code and what it wrote. Raises CommandError."""
    out = _Terminal() if terminal else io.StringIO()
    try:
        call_command("keys", *arguments, stdout=out)
    except SystemExit as ended:
        return int(ended.code or 0), out.getvalue()
    return 0, out.getvalue()


def keys(*arguments: str, terminal: bool = False) -> str:
    """Run ``manage.py keys``, which must succeed, and return what it wrote."""
    code, said = run_keys(*arguments, terminal=terminal)
    assert code == 0, said
    return said


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True
