"""Fixtures of the tests of connections."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.contrib.auth.models import User

from integrations.models import AuthConfig, Project
from tests.bulk import staff_of
from tests.connections.importing import Importer


@pytest.fixture
def importer(project: Project, auth_config: AuthConfig, tmp_path: Path) -> Importer:
    return Importer(project, auth_config, tmp_path)


@pytest.fixture
def mel(auth_config: AuthConfig) -> User:
    """Somebody who may do everything in the project, and nothing in others."""
    return staff_of(auth_config)
