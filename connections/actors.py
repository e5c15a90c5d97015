"""Who did it, as written into the history."""

from __future__ import annotations

from typing import TYPE_CHECKING, NewType

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

    from integrations.models import ApiKey

Actor = NewType("Actor", str)

WORKER = Actor("worker")
PERSON = Actor("person")
SYSTEM = Actor("system")
# Whoever runs commands on the host counts as an operator there.
COMMAND = Actor("operator:command line")


def operator(user: AbstractBaseUser) -> Actor:
    """A member of staff."""
    return Actor(f"operator:{user.get_username()}"[:300])


def api_key(key: ApiKey) -> Actor:
    """The app's server."""
    return Actor(f"api_key:{key.pk}")
