"""The top floor: puts the apps together."""

from django.apps import AppConfig


class ConfigConfig(AppConfig):
    """Settings, URLs, the API's assembly, and what runs on a schedule."""

    name = "config"

    def ready(self) -> None:
        """Have schedules and roles written after migrating, and failed tasks kept without texts."""
        from config import roles, schedules, tasks  # noqa: F401, PLC0415 - connects signals
        from config.admin import hide_tables_of_others  # noqa: PLC0415 - needs loaded apps
        from config.sign_in import activity, checks, second_factor  # noqa: F401, PLC0415 - signals

        hide_tables_of_others()
