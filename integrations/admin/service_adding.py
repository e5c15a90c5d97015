"""Adds an auth config by its MCP server, which is called for it, and records that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from integrations.audit import Subject, record
from integrations.errors import EvergrantError
from integrations.mcp_servers import create_mcp_auth_config
from integrations.models import AuthConfig
from integrations.models.audit_entry import Outcome

if TYPE_CHECKING:
    from django.http import HttpRequest

    from integrations.models import Project
    from integrations.secrets import Secret

TITLE: Final = "Add by MCP server"


def add_mcp_auth_config(
    *,
    request: HttpRequest,
    project: Project,
    name: str,
    server_url: str,
    client_id: str,
    client_secret: Secret | None,
) -> AuthConfig:
    """Return the new auth config; the audit trail says that it began, then what came of it.

    Raises:
        EvergrantError: as `create_mcp_auth_config`. The trail has its code.
    """
    # The server may register a client for us, which stays there whatever becomes of us.
    begun = _not_yet(project, name, server_url)
    _record(request, begun, outcome=Outcome.BEGUN)
    try:
        made = create_mcp_auth_config(
            project=project,
            name=name,
            server_url=server_url,
            client_id=client_id,
            client_secret=client_secret,
        )
    except EvergrantError as error:
        _record(request, begun, outcome=Outcome.REFUSED, error_code=error.code)
        raise
    _record(request, Subject.of(made), outcome=Outcome.DONE)
    return made


def _not_yet(project: Project, name: str, server_url: str) -> Subject:
    """Return the subject that the auth config is before it has an id, with the server's host.

    The path of the URL may be a secret.
    """
    return Subject(
        type=AuthConfig._meta.label_lower,
        id="",
        label=f"{name} ({_host(server_url)})",
        project_id=project.pk,
    )


def _record(request: HttpRequest, subject: Subject, **came: Any) -> None:
    record(request=request, actor=request.user, action="add", title=TITLE, subject=subject, **came)


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or "no host"
    except ValueError:
        return "no host"
