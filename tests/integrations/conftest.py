"""What tests of sealing share."""

from __future__ import annotations

import pytest
from pytest_django.fixtures import Settings

from tests.integrations.key_rows import Keys


@pytest.fixture
def keys_in_turn(db: None, settings: Settings) -> Keys:
    """A list of keys that has one key and can be rotated."""
    return Keys(settings)
