"""The key Django signs sessions and tokens with."""

from django.core.management.utils import get_random_secret_key


def resolve_secret_key(given: str) -> str:
    """Return ``given``, or a key that lives as long as this process where none was given.

    Django raises on an empty SECRET_KEY before any system check can explain what to do. The
    stand-in lets the checks run; `integrations.E001` then refuses to serve, so it never signs
    anything that outlives the process.
    """
    return given or get_random_secret_key()
