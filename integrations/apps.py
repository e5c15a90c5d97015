"""The ground floor: imports no other app of Evergrant."""

from django.apps import AppConfig


class IntegrationsConfig(AppConfig):
    """Projects, API keys, auth configs, the catalog, schemes, secrets and the outbound door."""

    name = "integrations"

    def ready(self) -> None:
        """Register the system checks."""
        from integrations import checks  # noqa: F401, PLC0415 - registering needs loaded apps
