"""Reads a file of tools, or a document to make some of, and stores them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integrations.models.tool import Source
from integrations.tools.catalog import read_tools
from integrations.tools.openapi import Filters, Options, convert, read_document
from integrations.tools.storing import Stored, store_tools

if TYPE_CHECKING:
    from pathlib import Path

    from integrations.models import AuthConfig
    from integrations.tools.openapi import Report

MOST_BYTES = 1024 * 1024


def import_openapi(
    *,
    path: Path,
    auth_config: AuthConfig,
    filters: Filters,
    prefix: str = "",
    ignore_servers: bool = False,
    replace: bool = False,
    dry_run: bool = False,
) -> tuple[Stored, Report]:
    """Store tools for the operations of an OpenAPI document, and report what they lack.

    Raises:
        DocumentRefused: it cannot be read.
        InvalidTool: see `store_tools`.
    """
    options = Options(
        prefix=prefix or auth_config.toolkit,
        base_url=auth_config.catalog_entry.base_url,
        filters=filters,
        ignore_servers=ignore_servers,
    )
    conversion = convert(read_document(path), options)
    stored = store_tools(
        auth_config=auth_config,
        tools=conversion.tools,
        source=Source.OPENAPI,
        origin=conversion.report.title,
        replace=replace,
        dry_run=dry_run,
    )
    return stored, conversion.report


def import_tool_file(
    *, path: Path, auth_config: AuthConfig, replace: bool = False, dry_run: bool = False
) -> Stored:
    """Store the tools of a file that somebody wrote in the form of the catalog's.

    Raises:
        ValueError: the file is too large, or does not follow `ToolDefinition`.
        InvalidTool: see `store_tools`.
    """
    if path.stat().st_size > MOST_BYTES:
        raise ValueError("the file is larger than 1 MiB")
    return store_tools(
        auth_config=auth_config,
        tools=list(read_tools(path).values()),
        source=Source.FILE,
        origin=path.name,
        replace=replace,
        dry_run=dry_run,
    )


def stored_text(stored: Stored, *, dry_run: bool) -> str:
    """Return what was stored in a line."""
    would = "Would be " if dry_run else ""
    counts = f"{len(stored.created)} created, {len(stored.replaced)} replaced"
    text = f"{would}{counts}, {len(stored.kept)} kept as they were."
    if stored.kept:
        text += " `--replace` takes the new ones: " + ", ".join(stored.kept[:10])
    return text
