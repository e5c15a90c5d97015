"""Two projects full of rows, and a member of the first with every permission."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.console.staff import every_permission, member, signed_in
from tests.console.world import World, make_world

NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def mine(db: None) -> World:
    return make_world("mine", NOWHERE)


@pytest.fixture
def theirs(db: None) -> World:
    return make_world("theirs", NOWHERE)


@pytest.fixture
def client(mine: World) -> Client:
    """A browser of somebody who may do everything, in the first project only."""
    return signed_in(member(mine.project, permissions=every_permission()))
