"""The top floor: puts the apps together."""

from django.apps import AppConfig


class ConfigConfig(AppConfig):
    """Settings, URLs, the API's assembly, and what runs on a schedule."""

    name = "config"

    def ready(self) -> None:
        """Have the schedules written after every migrate."""
        from config import schedules  # noqa: F401, PLC0415 - connects a signal
