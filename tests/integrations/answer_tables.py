"""Tables of providers' answers, with what they must mean to the catalog's toolkits.

``answers/SLUG.yaml`` lists answers of that toolkit's token endpoint and of its identity call; a
body is JSON, ``text`` is sent as it is.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from integrations.catalog import Toolkit, get_toolkit
from integrations.outbound import Response

FOLDER = Path(__file__).parent
TABLES: dict[str, dict[str, list[dict[str, Any]]]] = {
    path.stem: yaml.safe_load(path.read_text())
    for path in sorted((FOLDER / "answers").glob("*.yaml"))
}
TOOLKITS: dict[str, Toolkit] = {slug: get_toolkit(slug) for slug in TABLES}


def cases(kind: str) -> list[Any]:
    """Return the rows of every table's ``token`` or ``identity`` part as pytest parameters."""
    return [
        pytest.param(slug, row, id=f"{slug}: {row['case']}")
        for slug, table in TABLES.items()
        for row in table.get(kind, [])
    ]


def response(row: dict[str, Any]) -> Response:
    """Return the answer that a row describes."""
    return Response(
        status=row["status"], headers=row.get("headers", {}), body=body_of(row), elapsed=0.01
    )


def body_of(row: dict[str, Any]) -> bytes:
    """Return the body that a row describes."""
    return row["text"].encode() if "text" in row else json.dumps(row["body"]).encode()
