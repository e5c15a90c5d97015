"""Fixtures of the tests of connections."""

from __future__ import annotations

from pathlib import Path

import pytest

from integrations.models import AuthConfig, Project
from tests.connections.importing import Importer


@pytest.fixture
def importer(project: Project, auth_config: AuthConfig, tmp_path: Path) -> Importer:
    return Importer(project, auth_config, tmp_path)
