"""Keeps the connected accounts of an app's users alive."""

from django.apps import AppConfig


class ConnectionsConfig(AppConfig):
    """Entities, connected accounts, lifecycle, hosted pages, refresh."""

    name = "connections"
