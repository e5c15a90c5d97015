"""Which tools there are for an auth config."""

from __future__ import annotations

from integrations.models import AuthConfig, Tool
from integrations.tools.catalog import shipped_tools
from integrations.tools.definition import ToolDefinition


def tools_of(auth_config: AuthConfig) -> dict[str, ToolDefinition]:
    """Return the tools of ``auth_config`` by name: those that ship for its toolkit, and its own.

    A tool of its own takes the place of one that ships under the same name.
    """
    own = {tool.name: tool.parsed for tool in Tool.objects.of(auth_config)}
    return shipped_for(auth_config) | own


def shipped_for(auth_config: AuthConfig) -> dict[str, ToolDefinition]:
    """Return the tools that ship for ``auth_config``: none for a service that it describes.

    A later catalog may have a toolkit of the same slug, which is another service all the same.
    """
    return {} if auth_config.service else shipped_tools(auth_config.toolkit)
