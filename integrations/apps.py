"""The ground floor: imports no other app of Evergrant."""

from django.apps import AppConfig


class IntegrationsConfig(AppConfig):
    """Projects, API keys, auth configs, the catalog, schemes, secrets and the outbound door."""

    name = "integrations"

    def ready(self) -> None:
        """Register the system checks, and have sign-ins recorded."""
        from integrations import checks, second_factors  # noqa: F401, PLC0415 - need loaded apps
        from integrations.audit import signing_in  # noqa: PLC0415 - needs loaded apps

        signing_in.connect()
        second_factors.connect()
