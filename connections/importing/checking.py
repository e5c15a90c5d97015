"""Checks one row against its project: what can be known without asking the provider."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Self

from connections.importing import values as read
from connections.importing.credentials import credentials, key_fields
from connections.importing.rows import COLUMNS, RowRefused, SourceRefused, unknown_column
from integrations.models import AuthConfig
from integrations.models.auth_config import Scheme

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from connections.importing.rows import Row
    from integrations.catalog import ConnectionParameter
    from integrations.models import Project
    from integrations.schemes import TokenSet

# Clocks differ; a consent that is later than that is a wrong date.
_AHEAD: Final = timedelta(days=1)


@dataclass(frozen=True, kw_only=True, repr=False)
class Grant:
    """A row that may be stored."""

    number: int
    project: Project
    auth_config: AuthConfig
    user_id: str
    tenant_id: str
    alias: str
    identity_id: str
    identity_label: str
    tokens: TokenSet
    scopes: list[str]
    parameters: dict[str, str]
    granted_at: datetime | None
    redirect_uri: str


@dataclass(frozen=True, kw_only=True)
class Checks:
    """The project, its auth configs by id, and the one of rows that name none."""

    project: Project
    auth_configs: Mapping[str, AuthConfig]
    default: AuthConfig | None = None

    @classmethod
    def of(cls, project: Project, *, auth_config_id: str = "") -> Self:
        """Return the checks of a project. Raises SourceRefused."""
        configs = AuthConfig.objects.in_project(project).select_related("managed_app")
        found = {each.pk: each for each in configs}
        if auth_config_id and auth_config_id not in found:
            raise SourceRefused("The project has no auth config of that id.")
        return cls(project=project, auth_configs=found, default=found.get(auth_config_id))

    def check(self, row: Row, *, now: datetime) -> Grant:
        """Return the row's grant. Raises RowRefused."""
        if row.refusal is not None:
            raise row.refusal
        if problem := unknown_column(row.values, COLUMNS):
            raise RowRefused("column_unknown", problem)
        auth_config = self._auth_config(row.values)
        return Grant(
            number=row.number,
            project=self.project,
            auth_config=auth_config,
            user_id=_user_id(row.values),
            tenant_id=read.text(row.values, "tenant_id", most=255),
            alias=read.text(row.values, "alias", most=100),
            identity_id=read.text(row.values, "identity_id", most=255),
            identity_label=read.text(row.values, "identity_label", most=255),
            tokens=credentials(row.values, auth_config=auth_config, now=now),
            scopes=read.scopes(row.values),
            parameters=_parameters(row.values, auth_config),
            granted_at=_granted_at(row.values, now),
            redirect_uri=_redirect_uri(row.values, auth_config),
        )

    def _auth_config(self, values: Mapping[str, object]) -> AuthConfig:
        named = read.text(values, "auth_config_id", most=255)
        found = self.auth_configs.get(named) if named else self.default
        if found is None:
            problem = (
                "The project has no auth config of that id."
                if named
                else "The row names no auth_config_id, and --auth-config was not given."
            )
            raise RowRefused("auth_config_unknown", problem)
        if not found.takes_connections:
            raise RowRefused("auth_config_disabled", "The auth config is disabled.")
        client = read.text(values, "client_id", most=500)
        if client and client != found.client_holder.client_id:
            problem = "The tokens were issued to another client than the auth config's."
            raise RowRefused("client_differs", problem)
        return found


def _user_id(values: Mapping[str, object]) -> str:
    found = read.text(values, "user_id", most=255)
    if not found:
        raise RowRefused("value_missing", "The row has no user_id.")
    return found


def _granted_at(values: Mapping[str, object], now: datetime) -> datetime | None:
    found = read.moment(values, "granted_at")
    if found is not None and found > now + _AHEAD:
        raise RowRefused("date_invalid", "granted_at lies in the future.")
    return found


def _redirect_uri(values: Mapping[str, object], auth_config: AuthConfig) -> str:
    """Return where the consent led back to; without a word of the row, where it would today."""
    found = read.text(values, "redirect_uri", most=2000)
    return found or (auth_config.redirect_uri if auth_config.scheme == Scheme.OAUTH2 else "")


def _parameters(values: Mapping[str, object], auth_config: AuthConfig) -> dict[str, str]:
    """Return what the account brings for the toolkit's addresses.

    Also what a provider tells on other ways: nobody asks it now.
    """
    known = auth_config.catalog_entry.connection_parameters
    found = read.texts_by_name(values, "parameters")
    if set(found) - set(known):
        names = ", ".join(known) or "none"
        problem = f"The parameters of an account of this toolkit are: {names}."
        raise RowRefused("parameters_invalid", problem)
    by_key = any(each.source == "key" for each in known.values())
    fields = key_fields(values, auth_config) if by_key else {}
    taken = {name: _parameter(each, found.get(name, ""), fields) for name, each in known.items()}
    if wrong := [name for name, each in known.items() if not each.fits(taken[name])]:
        problem = f"Parameters are missing or do not fit: {', '.join(wrong)}."
        raise RowRefused("parameters_invalid", problem)
    if wrong := [name for name, value in found.items() if value != taken[name]]:
        problem = f"The key tells other parameters: {', '.join(wrong)}."
        raise RowRefused("parameters_invalid", problem)
    return taken


def _parameter(parameter: ConnectionParameter, given: str, fields: Mapping[str, str]) -> str:
    """Return the parameter's value; empty where the row lacks it."""
    if parameter.source == "key":
        return parameter.part_of(fields.get(parameter.path or "", "")) or parameter.default or ""
    if parameter.source != "person" and parameter.identifies:
        # The next consent tells it: after a wrong guess no reconnect would be accepted.
        return given
    return given or parameter.default or ""
