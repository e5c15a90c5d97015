"""Keeps the connected accounts of an app's users alive."""

from django.apps import AppConfig

from integrations.secrets import holders


class ConnectionsConfig(AppConfig):
    """Entities, connected accounts, lifecycle, hosted pages, refresh."""

    name = "connections"

    def ready(self) -> None:
        """Register the system checks, and the journal as a place of sealed texts."""
        from connections import checks, journal_keys  # noqa: F401, PLC0415 - needs loaded apps

        holders.register("journal", journal_keys.count_by_key)
