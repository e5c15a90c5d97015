"""What tests of sealing share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from connections import journal
from tests.integrations.key_rows import Keys


@pytest.fixture
def keys_in_turn(db: None, settings: Settings, tmp_path: Path) -> Iterator[Keys]:
    """A list of keys that has one key and can be rotated; the journal is empty."""
    settings.JOURNAL_FOLDER = tmp_path / "journal"
    yield Keys(settings)
    journal.close()
